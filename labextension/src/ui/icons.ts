import { LabIcon } from '@jupyterlab/ui-components';

import computeSvg from '../../style/icons/compute.svg';
import endpointSvg from '../../style/icons/endpoint.svg';
import experimentSvg from '../../style/icons/experiment.svg';
import gallerySvg from '../../style/icons/gallery.svg';
import modelSvg from '../../style/icons/model.svg';
import modelyardSvg from '../../style/icons/modelyard.svg';
import notebookSvg from '../../style/icons/notebook.svg';
import restartSvg from '../../style/icons/restart.svg';
import runSvg from '../../style/icons/run.svg';
import trashSvg from '../../style/icons/trash.svg';

export const modelyardIcon = new LabIcon({ name: 'modelyard:modelyard', svgstr: modelyardSvg });
export const computeIcon = new LabIcon({ name: 'modelyard:compute', svgstr: computeSvg });
export const experimentIcon = new LabIcon({ name: 'modelyard:experiment', svgstr: experimentSvg });
export const runIcon = new LabIcon({ name: 'modelyard:run', svgstr: runSvg });
export const modelIcon = new LabIcon({ name: 'modelyard:model', svgstr: modelSvg });
export const endpointIcon = new LabIcon({ name: 'modelyard:endpoint', svgstr: endpointSvg });
export const galleryIcon = new LabIcon({ name: 'modelyard:gallery', svgstr: gallerySvg });
/** JupyterLab's notebook icon is orange, whatever stands around it: this one takes the theme's colour. */
export const notebookIcon = new LabIcon({ name: 'modelyard:notebook', svgstr: notebookSvg });
export const restartIcon = new LabIcon({ name: 'modelyard:restart', svgstr: restartSvg });
export const trashIcon = new LabIcon({ name: 'modelyard:trash', svgstr: trashSvg });
