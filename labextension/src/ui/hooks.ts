import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import * as React from 'react';

import type { Collection, CollectionState } from '../api/collection';
import type { ApiError } from '../api/request';

/** Render again whenever one of the signals is emitted; null ones are skipped. */
export function useSignal(...signals: (ISignal<unknown, unknown> | null | undefined)[]): void {
  const [, render] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    const listener = (): void => render();
    signals.forEach(signal => signal?.connect(listener));
    // What changed between the rendering and this effect would be missed otherwise.
    render();
    return () => signals.forEach(signal => signal?.disconnect(listener));
    // The signals themselves are the dependencies; their number never changes at one call site.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, signals);
}

export interface CollectionView<T> {
  state: CollectionState;
  items: readonly T[];
  error: ApiError | null;
}

/** A collection's content, kept true; the first use fetches it. */
export function useCollection<T>(collection: Collection<T>): CollectionView<T> {
  useSignal(collection.changed);
  React.useEffect(() => void collection.ready(), [collection]);
  return { state: collection.state, items: collection.items, error: collection.error };
}

/** A model that lives as long as the component, or until `deps` change. */
export function useDisposable<T extends IDisposable>(make: () => T, deps: React.DependencyList): T {
  // `make` is a closure over `deps`: the caller names what it depends on.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const model = React.useMemo(make, deps);
  React.useEffect(() => () => model.dispose(), [model]);
  return model;
}

/** The current time in seconds, renewed every `interval` seconds while `active`. */
export function useNow(interval = 30, active = true): number {
  const [now, setNow] = React.useState(() => Date.now() / 1000);
  React.useEffect(() => {
    if (!active) {
      return;
    }
    const timer = window.setInterval(() => setNow(Date.now() / 1000), interval * 1000);
    return () => window.clearInterval(timer);
  }, [interval, active]);
  return now;
}

export interface AsyncView<T> {
  value: T | null;
  error: unknown;
  loading: boolean;
  reload: () => void;
}

/**
 * What `load` returns, fetched again when `deps` change or `reload` is called. The last value
 * stays while the next one is fetched, so that nothing jumps.
 */
export function useAsync<T>(
  load: (signal: AbortSignal) => Promise<T>,
  deps: React.DependencyList,
): AsyncView<T> {
  const [view, setView] = React.useState<Omit<AsyncView<T>, 'reload'>>({
    value: null,
    error: null,
    loading: true,
  });
  const [round, reload] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    const abort = new AbortController();
    setView(last => ({ ...last, loading: true }));
    load(abort.signal).then(
      value => !abort.signal.aborted && setView({ value, error: null, loading: false }),
      error => !abort.signal.aborted && setView(last => ({ ...last, error, loading: false })),
    );
    return () => abort.abort();
    // `load` is a closure over `deps`: the caller names what it depends on.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [...deps, round]);
  return { ...view, reload };
}

/**
 * Close the page of an object that is deleted while it is shown. A page that never found its
 * object (restored after the deletion, say) stays and says so.
 *
 * @param found - Whether the object is there.
 * @param ready - Whether that can be trusted.
 */
export function useCloseWhenGone(found: boolean, ready: boolean, close: () => void): void {
  const seen = React.useRef(false);
  React.useEffect(() => {
    seen.current ||= found;
    if (ready && !found && seen.current) {
      close();
    }
  }, [found, ready, close]);
}
