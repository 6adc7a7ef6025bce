import { livePlugin } from './api/plugin';
import { computePlugins } from './compute/plugin';
import { devicesPlugin } from './devices/plugin';
import { galleryPlugin } from './gallery/plugin';
import { registryPlugin } from './registry/plugin';
import { servingPlugin } from './serving/plugin';
import { sidebarPlugin } from './sidebar/plugin';
import { storagePlugin } from './storage/plugin';
import { trackingPlugin } from './tracking/plugin';

export default [
  livePlugin,
  sidebarPlugin,
  devicesPlugin,
  ...computePlugins,
  trackingPlugin,
  registryPlugin,
  servingPlugin,
  galleryPlugin,
  storagePlugin,
];
