// The two data sources: Prometheus as it is, PostgreSQL through the small server of the pictures.

import type { Picture } from './model';

export interface Series {
  metric: Record<string, string>;
  value?: [number, string];
  values?: [number, string][];
}

export interface Rows {
  columns: { name: string; type: 'time' | 'number' | 'string' | 'boolean' }[];
  rows: unknown[][];
}

const PROMETHEUS = '/prometheus/api/v1';

async function ask<T>(url: string, init?: RequestInit): Promise<T> {
  const answer = await (await fetch(url, init)).json();
  if (answer.status !== 'success') {
    throw new Error(answer.error);
  }
  return answer.data as T;
}

function form(values: Record<string, string | number>): RequestInit {
  const body = new URLSearchParams(Object.entries(values).map(([name, value]) => [name, String(value)]));
  return { method: 'POST', body };
}

export async function askInstant(expr: string, picture: Picture): Promise<Series[]> {
  const asked = form({ query: expr, time: picture.to / 1000 });
  return (await ask<{ result: Series[] }>(`${PROMETHEUS}/query`, asked)).result;
}

export async function askRange(expr: string, step: number, picture: Picture): Promise<Series[]> {
  // As Grafana's data source does, so that a reload does not move the points.
  const [start, end] = [picture.from, picture.to].map((at) => Math.floor(at / 1000 / step) * step);
  const asked = form({ query: expr, start, end, step });
  return (await ask<{ result: Series[] }>(`${PROMETHEUS}/query_range`, asked)).result;
}

export async function askLabelValues(selector: string, label: string, picture: Picture): Promise<string[]> {
  const span = `start=${picture.from / 1000}&end=${picture.to / 1000}`;
  const match = selector ? `&match[]=${encodeURIComponent(selector)}` : '';
  return ask<string[]>(`${PROMETHEUS}/label/${label}/values?${span}${match}`);
}

export async function askSql(statement: string, picture: Picture): Promise<Rows> {
  const asked = JSON.stringify({ statement, from: picture.from, to: picture.to });
  return ask<Rows>('/sql', { method: 'POST', body: asked });
}
