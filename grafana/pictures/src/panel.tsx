import { type DataFrame } from '@grafana/data';
import { PanelChrome } from '@grafana/ui';
import { Component, type ReactNode, useEffect, useState } from 'react';

import { type Asking, framesOf } from './frames';
import type { Mark } from './marks';
import type { PanelModel } from './model';
import { finished, started } from './progress';
import { Lines } from './views/lines';
import { Spells } from './views/spells';
import { Rows } from './views/table';
import { Bars, Stat } from './views/values';
import type { View } from './views/view';

const VIEWS: Record<string, (view: View) => ReactNode> = {
  bargauge: Bars,
  stat: Stat,
  'state-timeline': Spells,
  table: Rows,
  timeseries: Lines,
};

const COLUMNS = 24;
const ROW = 38;
const GAP = 8;

export interface PanelProps {
  panel: PanelModel;
  marks: Mark[];
  asking: Asking;
  /** Of the whole dashboard, without its margins. */
  width: number;
}

export function Panel({ panel, marks, asking, width }: PanelProps) {
  const { x, y, w, h } = panel.gridPos;
  const column = (width + GAP) / COLUMNS;
  const [wide, high] = [Math.floor(w * column - GAP), h * ROW - GAP];
  const place = { position: 'absolute' as const, left: x * column, top: y * ROW, width: wide, height: high };
  const title = asking.variables.fill(panel.title ?? '');
  if (panel.type === 'row') {
    return (
      <h5 style={{ ...place, height: ROW - GAP }} className="row">
        {title}
      </h5>
    );
  }
  return (
    <div style={place} data-panel={title}>
      <PanelChrome
        title={title}
        description={panel.description && asking.variables.fill(panel.description)}
        width={wide}
        height={high}
        padding={panel.type === 'table' ? 'none' : 'md'}
        displayMode={panel.transparent ? 'transparent' : 'default'}
      >
        {(width, height) => (
          <Fence title={title}>
            <Content panel={panel} marks={marks} asking={asking} width={width} height={height} />
          </Fence>
        )}
      </PanelChrome>
    </div>
  );
}

function Content({ panel, marks, asking, width, height }: Omit<View, 'frames'>) {
  const [frames, setFrames] = useState<DataFrame[]>();
  const [error, setError] = useState<Error>();
  useEffect(() => {
    started();
    framesOf(panel, width, asking).then(setFrames, setError).finally(finished);
  }, [panel, width, asking]);
  if (error) {
    throw error;
  }
  const Drawn = VIEWS[panel.type];
  if (!Drawn) {
    throw new Error(`nothing draws a panel of the type ${panel.type}`);
  }
  return frames ? <Drawn {...{ panel, frames, marks, width, height, asking }} /> : null;
}

/** A panel that cannot be drawn says why, on the picture and to whoever takes it. */
class Fence extends Component<{ title: string; children: ReactNode }, { error?: Error }> {
  state: { error?: Error } = {};

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  componentDidCatch(error: Error) {
    console.error(`${this.props.title}: ${error.message}`);
  }

  render() {
    return this.state.error ? <pre className="broken">{this.state.error.message}</pre> : this.props.children;
  }
}

export const heightOf = (panels: PanelModel[]) =>
  Math.max(...panels.map(({ gridPos }) => gridPos.y + gridPos.h)) * ROW - GAP;

