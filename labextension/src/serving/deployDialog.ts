import { ApiError } from '../api/request';
import type { EndpointInfo } from '../api/schema';
import { formDialog } from '../ui/formdialog';
import { DeployForm, IDeployParts, IDeployStart } from './deployForm';

/**
 * Ask what to deploy where, and do it.
 *
 * @returns The endpoint on its way, or null when the user cancelled.
 * @throws ApiError when there is no model to deploy, or the server does not answer.
 */
export async function deployDialog(
  parts: IDeployParts,
  start: IDeployStart,
): Promise<EndpointInfo | null> {
  const { model, models, trans } = parts;
  await Promise.all([
    models.ready(),
    model.endpoints.ready(),
    model.live.status ?? model.live.refreshStatus(),
  ]);
  const { status } = model.live;
  if (!status) {
    throw model.live.statusError;
  }
  if (models.items.length === 0) {
    throw new ApiError(409, {
      code: 'wrong_state',
      message: trans.__('There is no model to deploy yet.'),
      hint: trans.__('Register one from the page of its run.'),
      field: '',
    });
  }
  return formDialog(new DeployForm(parts, start, status).options);
}
