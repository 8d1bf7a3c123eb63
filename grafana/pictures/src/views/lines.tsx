// Lines over time: Grafana's own component; the marks of what happened are ours, as they are in its core.

import { TimeSeries, type UPlotConfigBuilder } from '@grafana/ui';
import { LegendDisplayMode } from '@grafana/schema';

import type { Mark } from '../marks';
import { type View, isEmpty, wordsForNothing } from './view';

const NO_LEGEND = { showLegend: false, displayMode: LegendDisplayMode.List, placement: 'bottom' as const, calcs: [] };

export function Lines({ panel, frames, marks, width, height, asking }: View) {
  if (isEmpty(frames)) {
    return <div className="nothing">{wordsForNothing(panel)}</div>;
  }
  return (
    <TimeSeries
      frames={frames}
      structureRev={1}
      timeRange={asking.range}
      timeZone={asking.picture.zone}
      width={width}
      height={height}
      legend={panel.options?.legend ?? NO_LEGEND}
      options={panel.options}
    >
      {(builder: UPlotConfigBuilder) => {
        builder.addHook('draw', (plot) => drawMarks(plot, marks));
        return null;
      }}
    </TimeSeries>
  );
}

const TRIANGLE = 5;

/** A dashed line where something began, a thin band under the axis for as long as it went on. */
function drawMarks(plot: uPlot, marks: Mark[]): void {
  const { ctx, bbox } = plot;
  const ratio = window.devicePixelRatio;
  ctx.save();
  for (const mark of marks) {
    const [begin, end] = [mark.from, mark.to].map((at) => plot.valToPos(at, 'x', true));
    ctx.strokeStyle = ctx.fillStyle = mark.color;
    ctx.lineWidth = ratio;
    ctx.setLineDash([5 * ratio, 5 * ratio]);
    ctx.beginPath();
    ctx.moveTo(begin, bbox.top);
    ctx.lineTo(begin, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillRect(begin, bbox.top + bbox.height, Math.max(end - begin, 1), TRIANGLE * ratio);
  }
  ctx.restore();
}
