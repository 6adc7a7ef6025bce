import { livePlugin } from './api/plugin';

export default [livePlugin];
