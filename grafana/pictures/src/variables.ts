// The drop-downs of a dashboard: what is chosen in them, and how it is put into text.

import { askLabelValues, askSql } from './sources';
import type { DashboardModel, Picture, VariableModel } from './model';

export interface Chosen {
  model: VariableModel;
  text: string;
  values: string[];
  isAll: boolean;
}

export class Variables {
  private readonly chosen = new Map<string, Chosen>();

  constructor(private readonly builtIn: Record<string, string>) {}

  static async read(dashboard: DashboardModel, picture: Picture): Promise<Variables> {
    const seconds = Math.round((picture.to - picture.from) / 1000);
    const found = new Variables({
      __searchFilter: '%',
      __from: String(picture.from),
      __to: String(picture.to),
      __range: `${seconds}s`,
      __range_s: String(seconds),
      __range_ms: String(seconds * 1000),
      __dashboard: dashboard.title,
      __url_time_range: `from=${picture.from}&to=${picture.to}`,
    });
    for (const model of dashboard.templating?.list ?? []) {
      found.chosen.set(model.name, await found.choose(model, picture));
    }
    return found;
  }

  /** Those that stand above the panels. */
  shown(): Chosen[] {
    return [...this.chosen.values()].filter((each) => !each.model.hide);
  }

  /** As `{ name: value }`, for every place where one may stand. */
  fill(text: string, more: Record<string, string> = {}, usual: Format = one): string {
    return text.replace(/\$\{([\w.]+)(?::(\w+))?\}|\$(\w+)|\[\[(\w+)\]\]/g, (whole, braced, format, bare, old) => {
      const name: string = braced ?? bare ?? old;
      const given = more[name] ?? this.builtIn[name];
      if (given !== undefined) {
        return given;
      }
      const chosen = this.chosen.get(name);
      return chosen ? written(chosen, format ? (FORMATS[format] ?? one) : usual) : whole;
    });
  }

  private async choose(model: VariableModel, picture: Picture): Promise<Chosen> {
    const given = picture.variables[model.name];
    if (given !== undefined) {
      return { model, text: given.text, values: [given.value], isAll: false };
    }
    const values = [model.current?.value ?? []].flat();
    if (values.includes('$__all')) {
      return { model, text: 'All', values: [], isAll: true };
    }
    if (model.type === 'constant' || model.type === 'textbox') {
      return { model, text: String(model.query), values: [String(model.query)], isAll: false };
    }
    if (values.length) {
      return { model, text: [model.current?.text ?? values].flat().join(' + '), values, isAll: false };
    }
    const [first] = await this.offered(model, picture);
    return { model, text: first?.text ?? '', values: first ? [first.value] : [], isAll: false };
  }

  private async offered(model: VariableModel, picture: Picture): Promise<{ text: string; value: string }[]> {
    if (model.type !== 'query') {
      return model.options ?? [];
    }
    const query: string = typeof model.query === 'string' ? model.query : (model.query.query ?? model.query.rawSql);
    const values = /^label_values\((?:(.+),\s*)?(\w+)\)$/s.exec(query);
    if (values) {
      const names = await askLabelValues(this.fill(values[1] ?? '', {}, regex), values[2], picture);
      return names.map((name) => ({ text: name, value: name }));
    }
    const { rows, columns } = await askSql(this.fill(query, {}, sqlstring), picture);
    const text = columns.findIndex((column) => column.name === '__text');
    const value = columns.findIndex((column) => column.name === '__value');
    return rows.map((row) => ({ text: String(row[Math.max(text, 0)]), value: String(row[Math.max(value, 0)]) }));
  }
}

export type Format = (values: string[]) => string;

const escaped = (value: string) => value.replace(/[\\^$*+?.()|[\]{}/]/g, '\\\\$&');
const one: Format = (values) => (values.length === 1 ? values[0] : `{${values.join(',')}}`);
export const regex: Format = (values) =>
  values.length === 1 ? escaped(values[0]) : `(${values.map(escaped).join('|')})`;
export const sqlstring: Format = (values) => values.map((value) => `'${value.replaceAll("'", "''")}'`).join(',');
/** What the data source for PostgreSQL does where no format is written: one value stands as it is. */
export const sql: Format = (values) => (values.length === 1 ? values[0].replaceAll("'", "''") : sqlstring(values));

const FORMATS: Record<string, Format> = {
  csv: (values) => values.join(','),
  percentencode: (values) => encodeURIComponent(values.join(',')),
  pipe: (values) => values.join('|'),
  queryparam: (values) => values.map(encodeURIComponent).join('&'),
  raw: (values) => values.join(','),
  regex,
  singlequote: (values) => values.map((value) => `'${value}'`).join(','),
  sqlstring,
  text: one,
};

function written(chosen: Chosen, format: Format): string {
  if (!chosen.isAll) {
    return format(chosen.values);
  }
  return chosen.model.allValue ?? '.*';
}
