/** Starts `modelyard up` on a workspace of its own, and leaves nothing behind. */
import { ChildProcess, spawn } from 'node:child_process';
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const TOKEN = 'ui-tests';
const START_TIMEOUT = 120_000;
const SWEEP_TIMEOUT = 120_000;

/** The address that `server.ts` started, for the tests. */
export const address = (): string => process.env.MODELYARD_UI_URL ?? '';
export const token = TOKEN;

export default async function setup(): Promise<() => Promise<void>> {
  const workspace = mkdtempSync(join(tmpdir(), 'modelyard-ui-'));
  const port = await freePort();
  const results = resolve(__dirname, '../test-results');
  mkdirSync(results, { recursive: true });
  const log = join(results, 'server.log');
  configure(workspace);
  const server = start(workspace, port, log);
  const url = `http://localhost:${port}`;
  process.env.MODELYARD_UI_URL = url;
  try {
    await until('the server answers', START_TIMEOUT, async () => {
      if (server.exitCode !== null) {
        throw new Error(`modelyard up ended with ${server.exitCode}:\n${readFileSync(log)}`);
      }
      return (await api(url, 'GET', '/status')) !== null;
    });
  } catch (error) {
    await end(server, workspace);
    throw error;
  }
  return async () => {
    await sweep(url).finally(() => end(server, workspace));
  };
}

/** Give the machine a device that instances can hold: its file is there on every machine. */
function configure(workspace: string): void {
  const folder = join(workspace, 'jupyter-config');
  mkdirSync(folder);
  const devices = [{ id: `ui-tests-${process.pid}`, name: 'Stand-in', paths: ['/dev/null'] }];
  const config = JSON.stringify({ DeviceInventory: { devices } });
  writeFileSync(join(folder, 'jupyter_server_config.json'), config);
}

function start(workspace: string, port: number, log: string): ChildProcess {
  const ours = resolve(__dirname, '../../.venv/bin/modelyard');
  const command = process.env.MODELYARD_BIN ?? (existsSync(ours) ? ours : 'modelyard');
  const args = ['up', '--no-browser', '--port', `${port}`, '--token', TOKEN];
  const server = spawn(command, [...args, '--workspace', workspace], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Neither the layout nor the settings of whoever runs the tests may matter, or be changed.
    env: {
      ...process.env,
      JUPYTER_CONFIG_PATH: join(workspace, 'jupyter-config'),
      JUPYTERLAB_WORKSPACES_DIR: join(workspace, 'lab-workspaces'),
      JUPYTERLAB_SETTINGS_DIR: join(workspace, 'lab-settings'),
    },
  });
  const file = createWriteStream(log);
  server.stdout?.pipe(file);
  server.stderr?.pipe(file);
  return server;
}

/** Delete what a test left: containers outlive the server. */
async function sweep(url: string): Promise<void> {
  for (const kind of ['endpoints', 'compute']) {
    const left = ((await api(url, 'GET', `/${kind}`)) ?? []) as { name: string }[];
    for (const { name } of left) {
      await api(url, 'DELETE', `/${kind}/${encodeURIComponent(name)}?force=true`);
    }
    await until(`no ${kind} are left`, SWEEP_TIMEOUT, async () => {
      const rest = (await api(url, 'GET', `/${kind}`)) as unknown[] | null;
      return rest === null || rest.length === 0;
    });
  }
}

async function end(server: ChildProcess, workspace: string): Promise<void> {
  if (server.exitCode === null) {
    const ended = new Promise(done => server.once('exit', done));
    server.kill('SIGTERM');
    await ended;
  }
  rmSync(workspace, { recursive: true, force: true });
}

async function api(url: string, method: string, path: string): Promise<unknown> {
  try {
    const response = await fetch(`${url}/modelyard/api/v1${path}`, {
      method,
      headers: { Authorization: `token ${TOKEN}` },
    });
    return response.ok ? await response.json() : null;
  } catch {
    return null; // not up yet, or down already
  }
}

async function until(what: string, timeout: number, isTrue: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + timeout;
  while (!(await isTrue())) {
    if (Date.now() > deadline) {
      throw new Error(`Waited ${timeout / 1000} s until ${what}.`);
    }
    await new Promise(done => setTimeout(done, 250));
  }
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.on('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const where = probe.address();
      const port = typeof where === 'object' && where !== null ? where.port : 0;
      probe.close(() => done(port));
    });
  });
}
