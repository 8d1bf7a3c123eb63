// What a dashboard marks on its panels: a page that fired, from when to when.

import { rangeUtil } from '@grafana/data';

import type { AnnotationModel, DashboardModel } from './model';
import { askRange } from './sources';
import type { Asking } from './frames';
import { regex } from './variables';

export interface Mark {
  from: number;
  to: number;
  color: string;
  title: string;
}

const USUAL_STEP = 60;

export async function marksOf(dashboard: DashboardModel, asking: Asking): Promise<Mark[]> {
  const shown = (dashboard.annotations?.list ?? []).filter((each) => each.enable && !each.builtIn);
  return (await Promise.all(shown.map((each) => marksOfOne(each, asking)))).flat();
}

async function marksOfOne(model: AnnotationModel, { picture, variables, theme }: Asking): Promise<Mark[]> {
  const expr = variables.fill(model.expr ?? model.target?.expr ?? '', {}, regex);
  const step = model.step ? rangeUtil.intervalToSeconds(model.step) : USUAL_STEP;
  const color = theme.visualization.getColorByName(model.iconColor);
  return (await askRange(expr, step, picture)).flatMap((series) => {
    const title = (model.titleFormat ?? '').replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => series.metric[label] ?? '');
    const found: Mark[] = [];
    for (const [at, value] of series.values ?? []) {
      const last = found.at(-1);
      if (value === '0') {
        continue;
      } else if (last && at * 1000 <= last.to + step * 1000) {
        last.to = at * 1000;
      } else {
        found.push({ from: at * 1000, to: at * 1000, color, title });
      }
    }
    return found;
  });
}
