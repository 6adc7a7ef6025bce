/** The Modelyard panel itself: keyboard, folding, the gallery. */
import { expect, test } from '@playwright/test';

import { Lab } from './pages/lab';
import { NotebookPage } from './pages/notebook';

test('sections stay folded after a reload', async ({ page }) => {
  const lab = new Lab(page);
  await lab.open();
  await lab.showPanel();
  const models = (): ReturnType<typeof page.getByRole> =>
    lab.section('models').getByRole('button', { name: /^Models/ });
  await models().focus();
  await page.keyboard.press('Enter');
  await expect(models()).toHaveAttribute('aria-expanded', 'false');
  await lab.reload('"current":"modelyard-sidebar"', '"modelyard:sections":{"models":false}');
  await expect(lab.panel).toBeVisible();
  await expect(models()).toHaveAttribute('aria-expanded', 'false');
  await models().click();
  await expect(models()).toHaveAttribute('aria-expanded', 'true');
});

test('a template of the gallery opens as a copy, by keyboard', async ({ page }) => {
  const lab = new Lab(page);
  await lab.open();
  await lab.showPanel();
  const rows = lab.section('gallery').locator('.myd-row-main');
  await rows.first().focus();
  await page.keyboard.press('ArrowDown');
  await expect(rows.nth(1)).toBeFocused();
  await page.keyboard.press('ArrowUp');
  await expect(rows.first()).toBeFocused();
  await page.keyboard.press('End');
  await expect(rows.last()).toBeFocused();
  await page.keyboard.press('Home');
  await expect(rows.first()).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(new NotebookPage(lab).panel.locator('.jp-Cell').first()).toContainText('Quickstart');
});

test('the palette knows what can be done', async ({ page }) => {
  const lab = new Lab(page);
  await lab.open();
  await page.keyboard.press('Control+Shift+C');
  const search = page.getByRole('searchbox').or(page.locator('.lm-CommandPalette-input')).last();
  await search.fill('new compute instance');
  await page.keyboard.press('Enter');
  await expect(lab.dialog.getByLabel('Name')).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(lab.dialog).toHaveCount(0);
});
