// Stands for the code editor, which no dashboard shows.
export const loader = { config: () => undefined };
export default () => null;
