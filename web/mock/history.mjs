// Only for developing the page: versions of cameras in memory, compared field by field.
const now = () => new Date().toISOString();

export class History {
  versions = new Map();

  constructor(world) {
    this.world = world;
  }

  list = (camera) => this.versions.get(camera) ?? [];

  note(camera, name, action, changes, restored) {
    const entry = this.world.cameras.get(camera);
    if (action !== 'added') entry.camera.version += 1;
    const version = {
      version: entry.camera.version,
      at: now(),
      by: name ? { kind: 'user', name } : { kind: 'start' },
      action,
      ...(restored && { restored }),
      change_count: changes.length,
      changes,
      settings: { zones: structuredClone(this.world.zoneList(camera)) },
    };
    this.versions.set(camera, [version, ...this.list(camera)]);
  }

  changeZone(zone, input, name) {
    const differs = (key) => JSON.stringify(zone[key]) !== JSON.stringify(input[key]);
    const changes = Object.keys(input)
      .filter((key) => key !== 'camera' && differs(key))
      .map((key) => ({
        path: ['zones', zone.id, key],
        zone: input.name ?? zone.name,
        before: zone[key] ?? null,
        after: input[key],
      }));
    Object.assign(zone, input);
    if (changes.length) this.note(zone.camera, name, 'changed', changes);
  }

  removeZone(zone, name) {
    this.world.zones.delete(zone.id);
    const change = { path: ['zones', zone.id], zone: zone.name, before: zone, after: null };
    this.note(zone.camera, name, 'changed', [change]);
  }

  restore(camera, version, name) {
    const { zones } = this.world;
    for (const zone of this.world.zoneList(camera)) zones.delete(zone.id);
    for (const zone of version.settings.zones) zones.set(zone.id, structuredClone(zone));
    this.note(camera, name, 'restored', [], version.version);
  }
}
