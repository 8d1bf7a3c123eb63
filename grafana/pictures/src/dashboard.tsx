// What stands around the panels. The bar at the top is ours: Grafana's own is not on npm.

import { dateTimeFormat } from '@grafana/data';
import { Button, Icon, InlineLabel, LinkButton, Stack, type IconName } from '@grafana/ui';

import type { Asking } from './frames';
import type { Mark } from './marks';
import type { DashboardModel } from './model';
import { Panel, heightOf } from './panel';

const MARGIN = 16;
const DAY = 86_400_000;

export interface DashboardProps {
  dashboard: DashboardModel;
  marks: Mark[];
  asking: Asking;
}

export function Dashboard({ dashboard, marks, asking }: DashboardProps) {
  const width = document.documentElement.clientWidth - 2 * MARGIN;
  return (
    <>
      <header className="bar">
        <Icon name="apps" size="lg" />
        <span className="faint">Dashboards</span>
        <Icon name="angle-right" className="faint" />
        <h1>{dashboard.title}</h1>
        <span className="faint">{dashboard.description}</span>
      </header>
      <Controls dashboard={dashboard} asking={asking} />
      <main style={{ margin: MARGIN, position: 'relative', height: heightOf(dashboard.panels) }}>
        {dashboard.panels.map((panel) => (
          <Panel key={panel.id} panel={panel} marks={marks} asking={asking} width={width} />
        ))}
      </main>
      <footer className="faint">
        Simulated data. Drawn with Grafana's own components; this line, the bar at the top, state timelines and the
        dashed marks are drawn by Evenhand in their likeness. The ticks at the edges: where the first screen ends.
      </footer>
      <i className="fold" style={{ top: asking.picture.fold, left: 0 }} />
      <i className="fold" style={{ top: asking.picture.fold, right: 0 }} />
    </>
  );
}

const LINK_ICONS: Record<string, IconName> = { 'external link': 'external-link-alt', dashboard: 'apps', doc: 'file-alt' };

function Controls({ dashboard, asking }: Omit<DashboardProps, 'marks'>) {
  const { variables, picture } = asking;
  const format = picture.to - picture.from > DAY ? 'D MMM' : 'HH:mm';
  const clock = (at: number) => dateTimeFormat(at, { timeZone: picture.zone, format });
  return (
    <div className="controls">
      <Stack direction="row" wrap="wrap" gap={1} alignItems="center">
        {variables.shown().map(({ model, text }) => (
          <div key={model.name} className="choice">
            <InlineLabel width="auto">{model.label ?? model.name}</InlineLabel>
            <span className="chosen">
              {text} <Icon name="angle-down" />
            </span>
          </div>
        ))}
        {dashboard.annotations?.list
          ?.filter((each) => !each.builtIn && !each.hide)
          .map((each) => (
            <div key={each.name} className="choice">
              <InlineLabel width="auto">{each.name}</InlineLabel>
              <span className="chosen">{each.enable ? 'on' : 'off'}</span>
            </div>
          ))}
      </Stack>
      <Stack direction="row" wrap="wrap" gap={1} alignItems="center" justifyContent="flex-end">
        {dashboard.links?.map((link) => (
          <LinkButton
            key={link.title}
            href={variables.fill(link.url)}
            tooltip={link.tooltip}
            icon={LINK_ICONS[link.icon ?? '']}
            variant="secondary"
            fill="outline"
            size="sm"
          >
            {link.title}
          </LinkButton>
        ))}
        <Button icon="clock-nine" variant="secondary" size="sm">
          {clock(picture.from)} to {clock(picture.to)}
        </Button>
        {dashboard.refresh && (
          <Button icon="sync" variant="secondary" size="sm">
            {dashboard.refresh}
          </Button>
        )}
      </Stack>
    </div>
  );
}
