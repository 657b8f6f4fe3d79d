import type { RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

/** Loading begins so far before an element scrolls into view. */
const ahead = '400px 0px';

/** Whether an element has ever been in view, or near it. */
export function useInView<E extends Element>(): [RefObject<E>, boolean] {
  const element = useRef<E>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (seen || element.current === null) return;
    const observer = new IntersectionObserver(([entry]) => entry!.isIntersecting && setSeen(true), { rootMargin: ahead });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [seen]);
  return [element, seen];
}
