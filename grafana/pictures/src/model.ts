// What of a dashboard's JSON is drawn, and what the page is told beside it.

import type { DataTransformerConfig, FieldConfigSource } from '@grafana/data';

export interface Target {
  refId: string;
  expr?: string;
  rawSql?: string;
  format?: string;
  instant?: boolean;
  hide?: boolean;
  interval?: string;
  legendFormat?: string;
  datasource?: { type?: string; uid?: string };
}

export interface PanelModel {
  id: number;
  type: string;
  title?: string;
  description?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: Target[];
  interval?: string;
  maxDataPoints?: number;
  datasource?: { type?: string; uid?: string };
  fieldConfig?: FieldConfigSource;
  options?: Record<string, any>;
  transformations?: DataTransformerConfig[];
  transparent?: boolean;
  timeFrom?: string;
}

export interface VariableModel {
  name: string;
  type: string;
  label?: string;
  hide?: number;
  query?: any;
  datasource?: { type?: string; uid?: string };
  current?: { text?: string | string[]; value?: string | string[] };
  options?: { text: string; value: string }[];
  includeAll?: boolean;
  allValue?: string;
  multi?: boolean;
  regex?: string;
}

export interface AnnotationModel {
  name: string;
  enable: boolean;
  hide?: boolean;
  builtIn?: number;
  expr?: string;
  step?: string;
  iconColor: string;
  titleFormat?: string;
  target?: { expr?: string };
}

export interface DashboardModel {
  uid: string;
  title: string;
  description?: string;
  refresh?: string;
  links?: { title: string; url: string; icon?: string; tooltip?: string; targetBlank?: boolean }[];
  panels: PanelModel[];
  templating?: { list: VariableModel[] };
  annotations?: { list?: AnnotationModel[] };
  time?: { from: string; to: string };
}

/** `from` and `to` are Unix milliseconds; `scrapeSeconds` is what the data source is provisioned with;
 * `fold` is where the first screen ends. */
export interface Picture {
  from: number;
  to: number;
  zone: string;
  scrapeSeconds: number;
  theme: 'light' | 'dark';
  fold: number;
  /** What is chosen in drop-downs that have no choice of their own. */
  variables: Record<string, { text: string; value: string }>;
}
