import { expect, Locator } from '@playwright/test';

import { Lab } from './lab';

/** Endpoints. */
export class ServingPage {
  constructor(private readonly lab: Lab) {}

  row(name: string): Locator {
    return this.lab.row('endpoints', name);
  }

  /** The first deployment of an environment installs its packages. */
  async waitRunning(name: string): Promise<void> {
    await expect(this.row(name).locator('[data-state="running"]')).toBeVisible({
      timeout: 5 * 60_000,
    });
  }

  async open(name: string): Promise<Locator> {
    await this.row(name).getByRole('button', { name, exact: true }).click();
    const page = this.lab.pageOf('endpoint');
    await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible();
    return page;
  }

  /** Send a body from the "Try it" form and return the answer's place. */
  async tryIt(page: Locator, body: string): Promise<Locator> {
    await page.getByRole('tab', { name: 'Try it' }).click();
    await page.getByLabel('Request body (JSON)').fill(body);
    await page.getByRole('button', { name: 'Send' }).click();
    return page.getByLabel('Answer');
  }

  async remove(page: Locator, name: string): Promise<void> {
    const head = page.getByTestId('myd-page-header');
    await head.getByRole('button', { name: 'Delete' }).click();
    await this.lab.confirm('Delete');
    await expect(this.row(name)).toHaveCount(0, { timeout: 60_000 });
  }
}
