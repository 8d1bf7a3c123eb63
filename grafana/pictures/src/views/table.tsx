// A table: Grafana's own component.

import { TableNG } from '@grafana/ui/unstable';

import { type View, isEmpty, wordsForNothing } from './view';

export function Rows({ panel, frames, width, height }: View) {
  const frame = frames[panel.options?.frameIndex ?? 0] ?? frames[0];
  if (isEmpty(frames)) {
    return <div className="nothing">{wordsForNothing(panel)}</div>;
  }
  return (
    <TableNG
      data={frame}
      width={width}
      height={height}
      noHeader={panel.options?.showHeader === false}
      showTypeIcons={panel.options?.showTypeIcons}
      cellHeight={panel.options?.cellHeight}
      sortBy={panel.options?.sortBy}
      fieldConfig={panel.fieldConfig}
      noValue={panel.fieldConfig?.defaults.noValue}
      enablePagination={false}
      enableVirtualization={false}
      structureRev={1}
    />
  );
}
