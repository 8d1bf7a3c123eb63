// Answers become data frames, the way Grafana's data sources for Prometheus and PostgreSQL make them.

import {
  type DataFrame,
  FieldType,
  type TimeRange,
  applyFieldOverrides,
  cacheFieldDisplayNames,
  rangeUtil,
  toDataFrame,
  transformDataFrame,
  type GrafanaTheme2,
} from '@grafana/data';
import { lastValueFrom } from 'rxjs';

import { registryFor, withDefaults } from './fields';
import type { PanelModel, Picture, Target } from './model';
import { type Rows, type Series, askInstant, askRange, askSql } from './sources';
import { type Variables, regex, sql } from './variables';

export interface Asking {
  picture: Picture;
  range: TimeRange;
  variables: Variables;
  theme: GrafanaTheme2;
}

/** Frames ready to be drawn: transformed, with units, colours and words worked out. */
export async function framesOf(panel: PanelModel, width: number, asking: Asking): Promise<DataFrame[]> {
  const targets = (panel.targets ?? []).filter((target) => !target.hide);
  const answers = targets.map((target) => framesOfTarget(panel, target, targets.length > 1, width, asking));
  const asked = (await Promise.all(answers)).flat();
  const interpolate = (text: string) => asking.variables.fill(text);
  const transformed = await lastValueFrom(transformDataFrame(panel.transformations ?? [], asked, { interpolate }));
  const fieldConfig = withDefaults(panel.type, panel.fieldConfig);
  const frames = applyFieldOverrides({
    data: transformed,
    fieldConfig,
    fieldConfigRegistry: registryFor(fieldConfig),
    replaceVariables: (text) => asking.variables.fill(text),
    theme: asking.theme,
    timeZone: asking.picture.zone,
  });
  cacheFieldDisplayNames(frames);
  return frames;
}

async function framesOfTarget(
  panel: PanelModel,
  target: Target,
  isOneOfMany: boolean,
  width: number,
  asking: Asking,
): Promise<DataFrame[]> {
  const { picture, variables } = asking;
  const step = stepOf(panel, target, width, asking);
  const intervals = {
    __interval: `${step}s`,
    __interval_ms: `${step * 1000}`,
    __rate_interval: `${Math.max(step + picture.scrapeSeconds, 4 * picture.scrapeSeconds)}s`,
  };
  if (target.rawSql !== undefined) {
    const answer = await askSql(variables.fill(target.rawSql, intervals, sql), picture);
    return target.format === 'time_series' ? wide(answer, target.refId) : [tableOfRows(answer, target.refId)];
  }
  const expr = variables.fill(target.expr ?? '', intervals, regex);
  const series = target.instant ? await askInstant(expr, picture) : await askRange(expr, step, picture);
  if (target.format === 'table') {
    return [tableOfSeries(series, target.refId, isOneOfMany)];
  }
  const lines = series.map((each) => line(each, target, expr, step));
  return target.format === 'heatmap' ? [buckets(lines, target.refId)] : lines;
}

/** Seconds between two points: one a pixel, but never more often than is scraped. */
function stepOf(panel: PanelModel, target: Target, width: number, asking: Asking): number {
  const least = target.interval || panel.interval || `${asking.picture.scrapeSeconds}s`;
  const points = panel.maxDataPoints ?? width;
  const { intervalMs } = rangeUtil.calculateInterval(asking.range, points, asking.variables.fill(least));
  return Math.max(Math.round(intervalMs / 1000), 1);
}

function line(series: Series, target: Target, expr: string, step: number): DataFrame {
  const points = series.values ?? (series.value ? [series.value] : []);
  const { __name__: name, ...labels } = series.metric;
  const legend = legendOf(series, target, expr);
  return toDataFrame({
    refId: target.refId,
    fields: [
      { name: 'Time', type: FieldType.time, config: { interval: step * 1000 }, values: points.map(([at]) => at * 1000) },
      {
        name: name ?? 'Value',
        type: FieldType.number,
        labels,
        config: legend === undefined ? {} : { displayNameFromDS: legend },
        values: points.map(([, value]) => Number(value)),
      },
    ],
  });
}

function legendOf(series: Series, target: Target, expr: string): string | undefined {
  const format = target.legendFormat ?? '__auto';
  if (format === '__auto') {
    return Object.keys(series.metric).length ? undefined : expr;
  }
  return format.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label: string) => series.metric[label] ?? '') || undefined;
}

function tableOfSeries(series: Series[], refId: string, isOneOfMany: boolean): DataFrame {
  const labels = [...new Set(series.flatMap((each) => Object.keys(each.metric)))].sort();
  const last = series.map((each) => each.value ?? each.values!.at(-1)!);
  const fields = [
    { name: 'Time', type: FieldType.time, values: last.map(([at]) => at * 1000) },
    ...labels.map((label) => ({
      name: label,
      type: FieldType.string,
      config: { filterable: true },
      values: series.map((each) => each.metric[label] ?? ''),
    })),
    {
      name: isOneOfMany ? `Value #${refId}` : 'Value',
      type: FieldType.number,
      values: last.map(([, value]) => Number(value)),
    },
  ];
  return toDataFrame({ refId, fields });
}

/** Buckets that count all below their edge become rows that count their own, the smallest first. */
function buckets(lines: DataFrame[], refId: string): DataFrame {
  const edge = (frame: DataFrame) => Number((frame.fields[1].labels?.le ?? '').replace('+Inf', 'Infinity'));
  const sorted = [...lines].sort((one, other) => edge(one) - edge(other));
  const times = [...new Set(sorted.flatMap((frame) => frame.fields[0].values as number[]))].sort((a, b) => a - b);
  const counts = sorted.map((frame) => {
    const at = new Map(frame.fields[0].values.map((time, index) => [time, frame.fields[1].values[index]]));
    return times.map((time) => at.get(time) ?? 0);
  });
  const own = counts.map((row, index) => row.map((count, at) => Math.max(count - (counts[index - 1]?.[at] ?? 0), 0)));
  const names = sorted.map((frame) => frame.fields[1].labels?.le ?? frame.fields[1].name);
  return toDataFrame({
    refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: times },
      ...own.map((values, index) => ({ name: names[index], type: FieldType.number, values })),
    ],
  });
}

const TYPES = { boolean: FieldType.boolean, number: FieldType.number, string: FieldType.string, time: FieldType.time };

function tableOfRows({ columns, rows }: Rows, refId: string): DataFrame {
  const fields = columns.map(({ name, type }, index) => ({
    name,
    type: TYPES[type],
    values: rows.map((row) => row[index]),
  }));
  return toDataFrame({ refId, fields });
}

/** A time, texts and numbers: a line for every number and every combination of texts. */
function wide(answer: Rows, refId: string): DataFrame[] {
  const table = tableOfRows(answer, refId);
  const time = table.fields.find((field) => field.type === FieldType.time);
  const texts = table.fields.filter((field) => field.type === FieldType.string);
  const numbers = table.fields.filter((field) => field.type === FieldType.number);
  if (!time || !texts.length) {
    return [table];
  }
  const lines = new Map<string, number[]>();
  for (let row = 0; row < table.length; row++) {
    const key = JSON.stringify(texts.map((field) => field.values[row]));
    lines.set(key, [...(lines.get(key) ?? []), row]);
  }
  return [...lines.entries()].flatMap(([key, rows]) =>
    numbers.map((field) => {
      const values = JSON.parse(key) as string[];
      const labels = Object.fromEntries(texts.map((text, index) => [text.name, values[index]]));
      const isNamed = texts.length === 1 && texts[0].name === 'metric';
      return toDataFrame({
        refId,
        fields: [
          { ...time, values: rows.map((row) => time.values[row]) },
          {
            name: isNamed ? values[0] : field.name,
            type: FieldType.number,
            labels: isNamed ? undefined : labels,
            values: rows.map((row) => field.values[row]),
          },
        ],
      });
    }),
  );
}
