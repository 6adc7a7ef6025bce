import { expect, Locator } from '@playwright/test';

import { Lab } from './lab';

/** Compute instances. */
export class ComputePage {
  constructor(private readonly lab: Lab) {}

  row(name: string): Locator {
    return this.lab.row('compute', name);
  }

  /** The state that a row shows. */
  state(name: string, state: string): Locator {
    return this.row(name).locator(`[data-state="${state}"]`);
  }

  async openDialog(): Promise<Locator> {
    await this.lab.section('compute').getByRole('button', { name: 'New instance' }).first().click();
    // JupyterLab moves the focus there a moment later: what is typed before would follow it.
    await expect(this.lab.dialog.getByLabel('Name')).toBeFocused();
    return this.lab.dialog;
  }

  /** Fill in the dialog of a new instance. */
  async fill(name: string, size: string, gpus = 0): Promise<Locator> {
    const dialog = await this.openDialog();
    await dialog.getByLabel('GPUs').fill(`${gpus}`);
    await dialog.getByLabel('Name').fill(name);
    await dialog.getByRole('radio', { name: size }).check({ force: true });
    return dialog;
  }

  async create(name: string, size: string, gpus = 0): Promise<void> {
    const dialog = await this.fill(name, size, gpus);
    await dialog.getByRole('button', { name: 'Create' }).click();
    await expect(dialog).toHaveCount(0);
    await expect(this.row(name)).toBeVisible();
  }

  /** An instance may have to build the workspace's image first. */
  async waitRunning(name: string): Promise<void> {
    await expect(this.state(name, 'running')).toBeVisible({ timeout: 5 * 60_000 });
  }

  async openPage(name: string): Promise<Locator> {
    await this.row(name).getByRole('button', { name, exact: true }).click();
    const page = this.lab.pageOf('instance');
    await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible();
    return page;
  }

  /** Click one of the buttons that show when the mouse is over the row. */
  async act(name: string, verb: string): Promise<void> {
    await this.row(name).hover();
    await this.row(name)
      .getByRole('button', { name: `${verb} ${name}` })
      .click();
  }

  async remove(name: string): Promise<void> {
    await this.act(name, 'Delete');
    await this.lab.confirm('Delete');
    await expect(this.row(name)).toHaveCount(0, { timeout: 60_000 });
  }
}
