// Stands for a package that exports itself in a way bundlers do not agree on. Nothing scrolls on a picture.
import { type ReactNode, forwardRef } from 'react';

const Scrollbars = forwardRef<HTMLDivElement, { children?: ReactNode }>(({ children }, ref) => (
  <div ref={ref} style={{ overflow: 'hidden', height: '100%', width: '100%' }}>
    {children}
  </div>
));

export { Scrollbars };
export default Scrollbars;
