import { randomUUID } from 'node:crypto';

import { expect, Locator } from '@playwright/test';

import { address, token } from '../server';
import { Lab } from './lab';

/** Experiments and runs. */
export class TrackingPage {
  constructor(private readonly lab: Lab) {}

  experiment(name: string): Locator {
    return this.lab.row('experiments', name);
  }

  run(name: string): Locator {
    return this.lab.row('experiments', name);
  }

  /** Show the latest runs of an experiment below it. */
  async expand(experiment: string): Promise<void> {
    await this.experiment(experiment).getByRole('button', { name: 'Expand' }).click();
  }

  state(run: string, state: string): Locator {
    return this.run(run).locator(`[data-state="${state}"]`);
  }

  async openRun(name: string): Promise<Locator> {
    await this.run(name).getByRole('button', { name, exact: true }).click();
    const page = this.lab.pageOf('run');
    await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible();
    return page;
  }

  /** A second run, as any client of the server makes one. */
  async addRun(experiment: string, name: string): Promise<void> {
    const headers = { Authorization: `token ${token}` };
    const data = { id: randomUUID().replaceAll('-', ''), experiment, name, params: { C: '1' } };
    const made = await this.lab.page.request.post(`${address()}/modelyard/api/v1/runs`, {
      headers,
      data,
    });
    expect(made.ok()).toBe(true);
    await expect(this.run(name)).toBeVisible();
  }

  async openExperiment(name: string): Promise<Locator> {
    await this.experiment(name).getByRole('button', { name, exact: true }).click();
    const page = this.lab.pageOf('experiment');
    await expect(page.getByRole('heading', { level: 1 })).toContainText(name);
    return page;
  }

  /** Compare all runs that an experiment's page shows. */
  async compare(page: Locator): Promise<Locator> {
    for (const box of await page.getByRole('checkbox', { name: 'Select' }).all()) {
      await box.check();
    }
    await page.getByRole('button', { name: /^Compare/ }).click();
    const comparison = this.lab.pageOf('comparison');
    await expect(comparison.getByRole('heading', { level: 1 })).toBeVisible();
    return comparison;
  }

  async register(page: Locator, model: string): Promise<void> {
    // In the head of the page: the folder of a model offers the same.
    const head = page.getByTestId('myd-page-header');
    await head.getByRole('button', { name: 'Register model…' }).click();
    await this.lab.dialog.getByLabel('Name').fill(model);
    await this.lab.dialog.getByRole('button', { name: 'Register' }).click();
    await expect(this.lab.dialog).toHaveCount(0);
  }
}
