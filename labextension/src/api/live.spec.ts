import type { Event } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { EventStream, Live, SCHEMA } from './live';
import { ApiError } from './request';
import type { Change, Status } from './schema';

/** Jupyter's event service, as far as it matters here. */
class Server {
  readonly signal = new Signal<this, Event.Emission>(this);
  session = 'one';
  revision = 0;
  statusRequests = 0;

  readonly events = { stream: this.signal } as unknown as EventStream;
  readonly failed = new Signal<this, Error>(this);
  down = false;
  error: Error | null = null;

  status = async (): Promise<Status> => {
    this.statusRequests += 1;
    if (this.down || this.error) {
      throw this.error ?? new Error('down');
    }
    return { session: this.session, revision: this.revision } as Status;
  };

  change(id: string): void {
    this.revision += 1;
    this.emit([{ domain: 'run', id, op: 'updated', item: { id }, omitted: [] }]);
  }

  heartbeat(): void {
    this.emit([]);
  }

  emit(changes: Change[], schema_id = SCHEMA): void {
    const { session, revision } = this;
    this.signal.emit({ schema_id, session, revision, changes } as unknown as Event.Emission);
  }
}

describe('Live', () => {
  let server: Server;
  let live: Live;
  let heard: string[];
  let resyncs: number;

  async function start(): Promise<void> {
    live = new Live({
      events: server.events,
      loadStatus: server.status,
      failed: server.failed,
      silence: 1000,
    });
    live.changed.connect((_, changes) => heard.push(...changes.map(change => change.id)));
    live.resync.connect(() => (resyncs += 1));
    await vi.advanceTimersByTimeAsync(0);
  }

  beforeEach(() => {
    vi.useFakeTimers();
    server = new Server();
    heard = [];
    resyncs = 0;
  });

  afterEach(() => {
    live.dispose();
    vi.useRealTimers();
  });

  it('passes changes on in order', async () => {
    await start();
    server.change('a');
    server.change('b');
    server.heartbeat();
    expect(heard).toEqual(['a', 'b']);
    expect(resyncs).toBe(0);
  });

  it('ignores the events of others', async () => {
    await start();
    const change = { domain: 'run', id: 'x', op: 'updated', item: {}, omitted: [] };
    server.emit([change], 'https://example.org/other');
    expect(heard).toEqual([]);
  });

  it('asks for a new fetch when events were missed', async () => {
    await start();
    server.change('a');
    server.revision += 1; // one that never arrived
    server.change('c');
    expect(resyncs).toBe(1);
    server.change('d');
    expect(resyncs).toBe(1);
  });

  it('notices by the heartbeat that events were missed', async () => {
    await start();
    server.change('a');
    server.revision += 1;
    server.heartbeat();
    expect(resyncs).toBe(1);
  });

  it('notices that the server was restarted', async () => {
    await start();
    server.change('a');
    server.session = 'two';
    server.revision = 0;
    server.heartbeat();
    expect(resyncs).toBe(1);
    expect(server.statusRequests).toBe(2);
  });

  it('trusts no list that was fetched before it knew where the server is', async () => {
    live = new Live({
      events: server.events,
      loadStatus: () => new Promise(() => undefined),
      failed: server.failed,
      silence: 1000,
    });
    live.resync.connect(() => (resyncs += 1));
    server.change('a');
    expect(resyncs).toBe(1);
  });

  it('fetches anew after a long silence, and goes on when the server answers', async () => {
    await start();
    const states: boolean[] = [];
    live.connectedChanged.connect((_, connected) => states.push(connected));
    await vi.advanceTimersByTimeAsync(1001);
    expect(states).toEqual([]);
    expect(resyncs).toBe(1);
  });

  it('says that the server is gone as soon as a request failed, and when it is back', async () => {
    await start();
    server.down = true;
    server.failed.emit(new Error('refused'));
    await vi.advanceTimersByTimeAsync(0);
    expect(live.connected).toBe(false);
    expect(live.statusError).toBeInstanceOf(Error);
    await vi.advanceTimersByTimeAsync(7000);
    expect(live.connected).toBe(false);
    expect(resyncs).toBe(0);
    server.down = false;
    await vi.advanceTimersByTimeAsync(2500);
    expect(live.connected).toBe(true);
    expect(resyncs).toBe(1);
  });

  it('notices changes that were missed while a request failed', async () => {
    await start();
    server.change('a');
    server.revision += 2; // the connection broke for a moment
    server.failed.emit(new Error('refused'));
    await vi.advanceTimersByTimeAsync(0);
    expect(live.connected).toBe(true);
    expect(resyncs).toBe(1);
  });

  it('asks for the status again when events arrive and the status did not', async () => {
    server.down = true;
    await start();
    expect(live.statusError).not.toBeNull();
    server.down = false;
    server.heartbeat();
    await vi.advanceTimersByTimeAsync(0);
    expect(live.statusError).toBeNull();
    expect(live.status).not.toBeNull();
  });

  it('takes a refusal for an answer, and does not ask every three seconds', async () => {
    await start();
    const info = { code: 'http', message: 'Forbidden', hint: '', field: '' };
    server.error = new ApiError(403, info);
    server.failed.emit(new Error('refused'));
    await vi.advanceTimersByTimeAsync(900);
    expect(live.connected).toBe(true);
    expect(live.statusError).toBe(server.error);
    expect(server.statusRequests).toBe(2);
  });

  it('makes nothing of a request that failed while the server answers', async () => {
    await start();
    server.failed.emit(new Error('one that was too large'));
    await vi.advanceTimersByTimeAsync(0);
    expect(live.connected).toBe(true);
    expect(resyncs).toBe(0);
  });

  it('fetches the status again when the system changed', async () => {
    await start();
    server.revision += 1;
    server.emit([{ domain: 'system', id: 'engine', op: 'updated', item: null, omitted: [] }]);
    expect(server.statusRequests).toBe(2);
  });

  it('keeps why the status could not be fetched', async () => {
    server.down = true;
    live = new Live({
      events: server.events,
      loadStatus: server.status,
      failed: server.failed,
    });
    await vi.advanceTimersByTimeAsync(0);
    expect(live.status).toBeNull();
    expect(live.statusError).toBeInstanceOf(Error);
  });
});
