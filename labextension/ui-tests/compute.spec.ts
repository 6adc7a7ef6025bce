/** What is done with an instance beside running notebooks on it. */
import { expect, test } from '@playwright/test';

import { expectAccessible, THEMES } from './accessibility';
import { ComputePage } from './pages/compute';
import { Lab } from './pages/lab';
import { NotebookPage } from './pages/notebook';
import { address, token } from './server';

const INSTANCE = 'worker';

test('an instance opens a terminal, warns before it stops, and starts again', async ({ page }) => {
  const lab = new Lab(page);
  const compute = new ComputePage(lab);
  const notebook = new NotebookPage(lab);
  await lab.open();
  await lab.showPanel();
  const devices = lab.section('devices').getByRole('listitem');
  const device = devices.last();

  await test.step('it holds a device of the machine from its start', async () => {
    await expect(device).toContainText('free');
    await compute.create(INSTANCE, 'small', await devices.count());
    await compute.waitRunning(INSTANCE);
    await expect(device).toContainText('held');
    await device.getByRole('button', { name: INSTANCE }).click();
    await expect(lab.pageOf('instance').getByLabel('Devices', { exact: true })).toContainText(
      'held',
    );
  });

  await test.step('another one is refused the device, or waits for it and says for whom', async () => {
    const dialog = await compute.fill('second', 'small', 1);
    await dialog.getByRole('button', { name: 'Create' }).click();
    await expect(dialog.getByRole('alert')).toContainText(`held by instance '${INSTANCE}'`);
    await dialog.getByLabel('Wait for its turn').check();
    await dialog.getByRole('button', { name: 'Create' }).click();
    await expect(compute.row('second')).toContainText(`Waits for 1 GPU; held by ${INSTANCE} (1)`);
    const details = await compute.openPage('second');
    await details.getByRole('button', { name: 'Delete' }).click();
    await lab.confirm('Delete');
    await expect(compute.row('second')).toHaveCount(0);
  });

  await test.step('a terminal on it writes to User files', async () => {
    const details = await compute.openPage(INSTANCE);
    await details.getByRole('button', { name: 'Open terminal' }).click();
    const terminal = page.locator('.jp-Terminal').filter({ visible: true });
    await terminal.click();
    await page.keyboard.type('touch made-on-instance.txt');
    await page.keyboard.press('Enter');
    const file = `${address()}/api/contents/made-on-instance.txt?token=${token}`;
    await expect.poll(async () => (await page.request.get(file)).status()).toBe(200);
  });

  await test.step('stopping it with a live kernel asks first', async () => {
    await compute.act(INSTANCE, 'New notebook on');
    await notebook.waitForKernel(`Python 3 · ${INSTANCE}`);
    await expect(compute.row(INSTANCE)).toContainText('1 kernel');
    await compute.act(INSTANCE, 'Stop');
    await expect(lab.dialog).toContainText('1 kernel on it will be shut down');
    await lab.confirm('Cancel');
    await expect(compute.state(INSTANCE, 'running')).toBeAttached();
    await compute.act(INSTANCE, 'Stop');
    await lab.confirm('Stop');
    await expect(compute.state(INSTANCE, 'stopped')).toBeAttached();
  });

  await test.step('axe finds nothing where devices and engines are chosen', async () => {
    await expect(device).toContainText('free');
    const details = await compute.openPage(INSTANCE);
    for (const [theme, rules] of THEMES) {
      await lab.setTheme(theme);
      await expectAccessible(page, '.myd-sidebar', rules);
      await compute.fill('other', 'small', 1);
      await expectAccessible(page, '.myd-form-dialog', rules);
      await page.keyboard.press('Escape');
      await details.getByRole('button', { name: 'Move…' }).click();
      await lab.dialog.getByRole('button', { name: 'Move' }).click();
      await expect(lab.dialog.getByRole('alert')).toContainText('Confirm');
      await expectAccessible(page, '.myd-form-dialog', rules);
      await page.keyboard.press('Escape');
      await expect(lab.dialog).toHaveCount(0);
    }
  });

  await test.step('its page starts it again', async () => {
    const details = await compute.openPage(INSTANCE);
    await details.getByRole('button', { name: 'Start' }).click();
    await expect(details.locator('[data-state="running"]')).toBeVisible();
  });

  await test.step('its context menu deletes it, and its page goes with it', async () => {
    await compute.row(INSTANCE).click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Delete Compute Instance…' }).click();
    await lab.confirm('Delete');
    await expect(compute.row(INSTANCE)).toHaveCount(0);
    await expect(lab.pageOf('instance')).toHaveCount(0);
  });
});
