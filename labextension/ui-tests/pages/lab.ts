import { expect, Locator, Page } from '@playwright/test';

import { address, token } from '../server';

/** JupyterLab, and the Modelyard panel in it. */
export class Lab {
  constructor(readonly page: Page) {}

  /** Open JupyterLab with a fresh layout. */
  async open(): Promise<void> {
    await this.page.goto(`${address()}/lab/workspaces/ui-tests?reset&token=${token}`);
    await expect(this.page.locator('#jp-main-dock-panel')).toBeVisible({ timeout: 60_000 });
    await expect(this.page.locator('.jp-Launcher').first()).toBeVisible();
    // The panel opens by itself with a fresh layout; clicking its tab meanwhile would fold it.
    await expect(this.panel).toBeVisible();
  }

  /**
   * Load the page again, once JupyterLab has saved what the test counts on.
   *
   * @param saved what the saved workspace must contain: JupyterLab writes a moment after a change.
   */
  async reload(...saved: string[]): Promise<void> {
    const workspace = `${address()}/lab/api/workspaces/ui-tests?token=${token}`;
    await expect
      .poll(async () => {
        const text = await (await this.page.request.get(workspace)).text();
        return saved.filter(part => !text.replaceAll(' ', '').includes(part));
      })
      .toEqual([]);
    await this.page.reload();
    await expect(this.page.locator('#jp-main-dock-panel')).toBeVisible({ timeout: 60_000 });
  }

  /** Switch JupyterLab's theme by its menu. */
  async setTheme(name: string): Promise<void> {
    // Entries that open a menu of their own have no role in JupyterLab.
    const entry = (label: string): Locator =>
      this.page.locator('.lm-Menu-itemLabel').getByText(label, { exact: true });
    await this.page.getByRole('menuitem', { name: 'Settings', exact: true }).click();
    await entry('Theme').click();
    await entry(name).click();
    await expect(this.page.locator('body')).toHaveAttribute('data-jp-theme-name', name);
    // It covers the page for a moment: axe would not see the colours behind it.
    await expect(this.page.locator('#jupyterlab-splash')).toHaveCount(0);
  }

  /** Show the Modelyard panel. */
  async showPanel(): Promise<void> {
    if (!(await this.panel.isVisible())) {
      await this.page.getByRole('tab', { name: 'Modelyard' }).click();
    }
    await expect(this.panel).toBeVisible();
  }

  get panel(): Locator {
    return this.page.locator('#modelyard-sidebar');
  }

  section(id: string): Locator {
    return this.page.getByTestId(`myd-section-${id}`);
  }

  /** A row of a section, by what it is and its title. */
  row(section: string, title: string): Locator {
    return this.section(section).getByRole('listitem', { name: title, exact: true });
  }

  get dialog(): Locator {
    return this.page.getByRole('dialog');
  }

  /** The page in the main area of a kind of object: 'run', 'model'. */
  pageOf(kind: string): Locator {
    return this.page.getByTestId(`myd-page-${kind}`).filter({ visible: true });
  }

  /** Click the red button of a question. */
  async confirm(label: string): Promise<void> {
    await this.dialog.getByRole('button', { name: label, exact: true }).click();
    await expect(this.dialog).toHaveCount(0);
  }
}
