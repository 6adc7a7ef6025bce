/** The main job by clicking: instance, kernel, run, model, endpoint, and everything away again. */
import { expect, test } from '@playwright/test';

import { expectAccessible, THEMES } from './accessibility';
import { ComputePage } from './pages/compute';
import { Lab } from './pages/lab';
import { NotebookPage } from './pages/notebook';
import { RegistryPage } from './pages/registry';
import { ServingPage } from './pages/serving';
import { TrackingPage } from './pages/tracking';

const INSTANCE = 'cpu-1';
const EXPERIMENT = 'iris';
const RUN = 'logreg';
const MODEL = 'iris-classifier';
const ENDPOINT = 'iris';

const TRAIN = `%%ml run --experiment ${EXPERIMENT} --name ${RUN}
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
X, y = load_iris(return_X_y=True)
for step in range(20):
    run.log("loss", 1 / (step + 1), step=step)
input("Look at the sidebar, then press Enter: ")
model = LogisticRegression(max_iter=500).fit(X, y)
run.log("accuracy", model.score(X, y))
run.log_model(model, "model", input_example=X[:2])`;

test('the main job, from an instance to a scored model', async ({ page }) => {
  const lab = new Lab(page);
  const compute = new ComputePage(lab);
  const notebook = new NotebookPage(lab);
  const tracking = new TrackingPage(lab);
  const registry = new RegistryPage(lab);
  const serving = new ServingPage(lab);

  await test.step('open JupyterLab with the Modelyard panel', async () => {
    await lab.open();
    await lab.showPanel();
    await expect(page.getByTestId('myd-engine')).toBeVisible();
    await expect(lab.section('compute')).toContainText('A compute instance runs your notebooks');
  });

  await test.step('a bad name is refused in the dialog', async () => {
    const dialog = await compute.openDialog();
    await dialog.getByLabel('Name').fill('not/a/name');
    await dialog.getByRole('button', { name: 'Create' }).click();
    await expect(dialog.getByRole('alert')).toContainText('letters, digits');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await expect(compute.row('not/a/name')).toHaveCount(0);
  });

  await test.step('create an instance and see it start', async () => {
    await compute.create(INSTANCE, 'small');
    await compute.waitRunning(INSTANCE);
  });

  await test.step('open a notebook on it', async () => {
    const details = await compute.openPage(INSTANCE);
    await expect(details.getByLabel('Log', { exact: true }).first()).toBeVisible();
    await details.getByRole('button', { name: 'Open notebook' }).click();
    await notebook.waitForKernel(`Python 3 · ${INSTANCE}`);
    await expect(compute.row(INSTANCE)).toContainText('1 kernel');
  });

  await test.step('train, and see the run live', async () => {
    const cell = await notebook.run(TRAIN);
    await expect(tracking.experiment(EXPERIMENT)).toBeVisible({ timeout: 60_000 });
    await tracking.expand(EXPERIMENT);
    await expect(tracking.state(RUN, 'running')).toBeVisible();
    await notebook.answer(cell, 'go on');
    await notebook.expectDone(cell);
    await expect(tracking.state(RUN, 'finished')).toBeAttached();
  });

  await test.step('look at the run and register its model', async () => {
    const details = await tracking.openRun(RUN);
    await expect(details).toContainText('accuracy');
    await expect(details).toContainText(INSTANCE);
    await details.getByRole('tab', { name: 'Metrics' }).click();
    await expect(details.locator('canvas').first()).toBeVisible();
    await details.getByRole('tab', { name: 'Artifacts' }).click();
    await expect(details).toContainText('model');
    await tracking.register(details, MODEL);
    await expect(registry.row(MODEL)).toBeVisible();
  });

  await test.step('deploy the model', async () => {
    const details = await registry.open(MODEL);
    await registry.deploy(details, ENDPOINT);
    await expect(serving.row(ENDPOINT)).toBeVisible();
    await serving.waitRunning(ENDPOINT);
  });

  await test.step('try the endpoint', async () => {
    const details = await serving.open(ENDPOINT);
    const answer = await serving.tryIt(details, '{"data": [[5.1, 3.5, 1.4, 0.2]]}');
    await expect(answer).toContainText('0');
    await expect(details).toContainText('200 OK');
    await serving.tryIt(details, '{"data": [[1, 2]]}');
    await expect(details).toContainText('422');
  });

  await test.step('axe finds nothing on any page or dialog, in both themes', async () => {
    let rules: string[] | undefined;
    const look = (selector: string): Promise<void> => expectAccessible(page, selector, rules);
    const closed = async (dialog: string): Promise<void> => {
      await look(dialog);
      await page.keyboard.press('Escape');
      await expect(lab.dialog).toHaveCount(0);
    };
    await tracking.addRun(EXPERIMENT, 'second');
    for (const [theme, checked] of THEMES) {
      rules = checked;
      await lab.setTheme(theme);
      await look('.myd-sidebar');
      await compute.openDialog();
      await closed('.myd-form-dialog');
      await compute.openPage(INSTANCE);
      await look('[data-testid="myd-page-instance"] .myd-page');
      await compute.act(INSTANCE, 'Delete');
      await closed('.jp-Dialog-content');
      const details = await tracking.openRun(RUN);
      for (const tab of await details.getByRole('tab').all()) {
        await tab.click();
        await look('[data-testid="myd-page-run"] .myd-page');
      }
      await details.getByRole('button', { name: 'Register model…' }).first().click();
      await closed('.myd-form-dialog');
      const experiment = await tracking.openExperiment(EXPERIMENT);
      await look('[data-testid="myd-page-experiment"] .myd-page');
      await tracking.compare(experiment);
      await look('[data-testid="myd-page-comparison"] .myd-page');
      const model = await registry.open(MODEL);
      await look('[data-testid="myd-page-model"] .myd-page');
      await model.getByRole('button', { name: 'Deploy…' }).first().click();
      await closed('.myd-form-dialog');
      const endpoint = await serving.open(ENDPOINT);
      for (const tab of await endpoint.getByRole('tab').all()) {
        await tab.click();
        await look('[data-testid="myd-page-endpoint"] .myd-page');
      }
      await lab.panel.getByRole('button', { name: 'Storage' }).click();
      await expect(lab.pageOf('storage')).toContainText('User files');
      await look('[data-testid="myd-page-storage"] .myd-page');
    }
  });

  await test.step('the pages come back after a reload', async () => {
    await lab.reload(`modelyard-endpoint:${ENDPOINT}`, '"current":"modelyard-sidebar"');
    await expect(lab.pageOf('endpoint')).toBeVisible();
    await expect(lab.panel).toBeVisible();
  });

  await test.step('delete the endpoint and the instance', async () => {
    await serving.remove(await serving.open(ENDPOINT), ENDPOINT);
    await compute.remove(INSTANCE);
    await expect(lab.section('compute')).toContainText('A compute instance runs your notebooks');
  });
});
