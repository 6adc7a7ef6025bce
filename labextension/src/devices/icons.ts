import { LabIcon } from '@jupyterlab/ui-components';

import deviceSvg from '../../style/icons/device.svg';

export const deviceIcon = new LabIcon({ name: 'modelyard:device', svgstr: deviceSvg });
