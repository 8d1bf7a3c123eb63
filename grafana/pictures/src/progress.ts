// The page's title says when everything has been asked and drawn.

let asked = 0;

export function started(): void {
  asked += 1;
}

export function finished(): void {
  asked -= 1;
  if (asked === 0) {
    // One more turn for React to draw what came last, and one for the fonts.
    document.fonts.ready.then(() => setTimeout(() => (document.title = asked === 0 ? 'drawn' : ''), 400));
  }
}
