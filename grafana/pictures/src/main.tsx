import './page.css';

import { ThemeContext, createTheme, dateMath, dateTime } from '@grafana/data';
import { GlobalStyles } from '@grafana/ui';
import { createRoot } from 'react-dom/client';

import { Dashboard } from './dashboard';
import { registerStandards } from './fields';
import { marksOf } from './marks';
import type { DashboardModel, Picture } from './model';
import { finished, started } from './progress';
import { Variables } from './variables';

const FONTS = [
  ['Inter', '400', 'inter/Inter-Regular'],
  ['Inter', '500', 'inter/Inter-Medium'],
  ['Roboto Mono', '400', 'roboto/RobotoMono-Regular'],
];

/** Components measure their words before they draw them: the fonts must be there by then. */
async function loadFonts(): Promise<void> {
  for (const [family, weight, file] of FONTS) {
    const font = new FontFace(family, `url(/public/fonts/${file}.woff2)`, { weight });
    document.fonts.add(await font.load());
  }
}

async function draw(): Promise<void> {
  await loadFonts();
  const dashboard: DashboardModel = await (await fetch('/dashboard.json')).json();
  const given: Picture = await (await fetch('/picture.json')).json();
  // The page's clock stands still at the end of what there is to see.
  const begin = dateMath.parse(dashboard.time?.from) ?? dateTime(given.from);
  const picture = { ...given, from: begin.valueOf() };
  const theme = createTheme({ colors: { mode: picture.theme } });
  const [from, to] = [dateTime(picture.from), dateTime(picture.to)];
  const range = { from, to, raw: { from, to } };
  const variables = await Variables.read(dashboard, picture);
  const asking = { picture, range, variables, theme };
  const marks = await marksOf(dashboard, asking);
  document.documentElement.style.background = theme.colors.background.canvas;
  createRoot(document.getElementById('root')!).render(
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <Dashboard dashboard={dashboard} marks={marks} asking={asking} />
    </ThemeContext.Provider>,
  );
}

registerStandards();
started();
draw().then(finished, (error: Error) => console.error(`the dashboard: ${error.stack}`));
