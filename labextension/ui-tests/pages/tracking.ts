import { expect, Locator } from '@playwright/test';

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

  async register(page: Locator, model: string): Promise<void> {
    // In the head of the page: the folder of a model offers the same.
    const head = page.getByTestId('myd-page-header');
    await head.getByRole('button', { name: 'Register model…' }).click();
    await this.lab.dialog.getByLabel('Name').fill(model);
    await this.lab.dialog.getByRole('button', { name: 'Register' }).click();
    await expect(this.lab.dialog).toHaveCount(0);
  }
}
