import type { IDisposable } from '@lumino/disposable';
import * as React from 'react';

/**
 * Do something only while an element is on the screen: not in a folded or hidden panel, not
 * scrolled away, not in a tab of the browser that is behind another.
 *
 * @param start begins it; the answer is disposed of when it is to end.
 * @returns what the element takes as its `ref`.
 */
export function useWhileVisible<E extends Element>(
  start: () => IDisposable,
  deps: React.DependencyList,
): React.RefCallback<E> {
  const [element, setElement] = React.useState<E | null>(null);
  React.useEffect(() => {
    if (element === null) {
      return;
    }
    let onScreen = false;
    let running: IDisposable | null = null;
    const update = (): void => {
      if (onScreen && document.visibilityState === 'visible') {
        running ??= start();
      } else {
        running?.dispose();
        running = null;
      }
    };
    const observer = new IntersectionObserver(entries => {
      onScreen = entries.at(-1)?.isIntersecting ?? false;
      update();
    });
    observer.observe(element);
    document.addEventListener('visibilitychange', update);
    return () => {
      observer.disconnect();
      document.removeEventListener('visibilitychange', update);
      running?.dispose();
    };
    // `start` is a closure over `deps`: the caller names what it depends on.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [element, ...deps]);
  return setElement;
}
