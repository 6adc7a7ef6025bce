import { expect, Locator } from '@playwright/test';

import { Lab } from './lab';

/** Models and their versions. */
export class RegistryPage {
  constructor(private readonly lab: Lab) {}

  row(name: string): Locator {
    return this.lab.row('models', name);
  }

  async open(name: string): Promise<Locator> {
    await this.row(name).getByRole('button', { name, exact: true }).click();
    const page = this.lab.pageOf('model');
    await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible();
    return page;
  }

  /** Deploy the version that a model's page shows. */
  async deploy(page: Locator, endpoint: string): Promise<void> {
    await page.getByRole('button', { name: 'Deploy…' }).first().click();
    await this.lab.dialog.getByLabel('Endpoint name').fill(endpoint);
    await this.lab.dialog.getByRole('button', { name: 'Deploy' }).click();
    await expect(this.lab.dialog).toHaveCount(0);
  }
}
