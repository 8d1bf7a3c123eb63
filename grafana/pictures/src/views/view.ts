import type { DataFrame } from '@grafana/data';

import type { Asking } from '../frames';
import type { Mark } from '../marks';
import type { PanelModel } from '../model';

/** What every way of drawing a panel is given. */
export interface View {
  panel: PanelModel;
  frames: DataFrame[];
  marks: Mark[];
  width: number;
  height: number;
  asking: Asking;
}

/** Whether there is anything to be drawn but the words for nothing. */
export function isEmpty(frames: DataFrame[]): boolean {
  return !frames.some((frame) => frame.length > 0);
}

export function wordsForNothing(panel: PanelModel): string {
  return panel.fieldConfig?.defaults.noValue ?? 'No data';
}
