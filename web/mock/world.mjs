// Only for developing the page: cameras, zones and events in memory, judged by a few lines.
import { History } from './history.mjs';
import { boxOf, FPS, HEIGHT, PEOPLE, render, WIDTH } from './scene.mjs';

const halls = Object.fromEntries(Object.keys(PEOPLE).map((hall) => [hall, render(hall)]));
const now = () => new Date().toISOString();
let ids = 0;
function id(kind) {
  ids += 1;
  return `${kind}-${ids}`;
}

export class World {
  cameras = new Map();
  zones = new Map();
  history = new History(this);
  events = [];
  seq = 0;
  announce = () => {};
  blind = { since: Date.now() - 8000 };

  constructor(empty) {
    if (empty) return;
    const press = this.addCamera(
      { name: '1번 프레스 라인', source: 'rtsp://10.0.3.11/stream1' },
      'press',
    );
    const dock = this.addCamera({ name: '2번 출하장', source: '/video/dock.mp4' }, 'dock');
    const weld = this.addCamera(
      { name: '3번 용접장', source: 'rtsp://10.0.3.13/stream1' },
      'weld',
      'STALE',
    );
    this.addCamera(
      { name: '4번 자재 창고', source: 'rtsp://10.0.3.14/stream1' },
      'store',
      'DEGRADED',
    );
    const rule = (type, settings) => ({
      type,
      name: type,
      active: true,
      pause_s: 30,
      ...settings,
    });
    const zone = (camera, name, type, points, require = [], rules = []) =>
      this.addZone({
        camera: camera.id,
        name,
        type,
        points,
        active: true,
        dwell_s: 2,
        pause_s: 30,
        require,
        rules,
      });
    zone(
      press,
      '프레스 위험구역',
      'danger',
      [
        [0.45, 0.6],
        [0.73, 0.58],
        [0.83, 0.97],
        [0.38, 0.97],
      ],
      ['helmet', 'vest'],
      [
        rule('loitering', { dwell_s: 60, severity: 'WARNING' }),
        rule('occupancy_below', { people: 2, dwell_s: 5, severity: 'WARNING' }),
      ],
    );
    zone(
      dock,
      '지게차 통로',
      'warning',
      [
        [0.09, 0.63],
        [0.4, 0.6],
        [0.45, 0.96],
        [0.04, 0.96],
      ],
      ['helmet'],
    );
    zone(
      weld,
      '용접 구역',
      'danger',
      [
        [0.2, 0.5],
        [0.7, 0.5],
        [0.8, 0.9],
        [0.1, 0.9],
      ],
      ['mask'],
    );
    this.cameras.get(dock.id).share = 0.48;
    this.cameras.get(dock.id).need = 'motion';
    this.raise(weld, 'system', 'WARNING', null, null, {
      ko: '영상 멈춤: 8초째 영상이 없습니다',
      en: 'No picture for 8 s',
    });
    this.raise(
      null,
      'system',
      'WARNING',
      null,
      null,
      {
        ko: '검출기가 멈춰 다시 시작하는 중: 모든 카메라 감시 불가',
        en: 'the detector is down and being restarted: no camera is watched',
      },
      { part: 'detector', detail: 'no answer within 2 s' },
    );
    this.raise(
      dock,
      'exit',
      'INFO',
      this.zoneList(dock.id)[0],
      9,
      { ko: '퇴장', en: 'Left' },
      { stay_s: 42 },
    );
  }

  addCamera(input, hall = 'press', state = 'LIVE') {
    const kind = input.source.startsWith('rtsp:')
      ? 'rtsp'
      : input.source.startsWith('sim:')
        ? 'sim'
        : 'file';
    const camera = {
      id: id('cam'),
      repeat: true,
      enabled: true,
      analysis_rate_max: 10,
      masks: [],
      privacy_masks: [],
      calibration: null,
      version: 1,
      kind,
      ...input,
    };
    delete camera.password;
    delete camera.username;
    this.cameras.set(camera.id, {
      camera,
      hall,
      state,
      playing: true,
      /** Of what is wanted, the detector has time for this share. */
      share: 1,
      need: null,
      at: 0,
      since: new Map(),
      fired: new Map(),
    });
    this.history.note(camera.id, null, 'added', []);
    return camera;
  }

  addZone(input, name = null) {
    const zone = {
      id: id('zone'),
      anchor: 'foot',
      active: true,
      schedule: null,
      dwell_s: 2,
      pause_s: 30,
      require: [],
      rules: [],
      ...input,
    };
    this.zones.set(zone.id, zone);
    const change = { path: ['zones', zone.id], zone: zone.name, before: null, after: zone };
    this.history.note(zone.camera, name, 'changed', [change]);
    return zone;
  }

  zoneList = (camera) =>
    [...this.zones.values()]
      .filter((zone) => zone.camera === camera)
      .map((zone) => ({ ...zone, version: this.cameras.get(camera).camera.version }));

  status(entry) {
    const { state } = entry;
    const live = state === 'LIVE';
    const seen = live || state === 'DEGRADED';
    const reason = {
      DEGRADED: 'analysis_late',
      STALE: 'no_pictures',
      PAUSED: 'command',
      STOPPED: 'command',
    };
    const file = entry.camera.kind === 'file';
    const need = entry.need ?? (live && PEOPLE[entry.hall].length ? 'people' : 'quiet');
    const wanted = need === 'quiet' ? 1.25 : entry.camera.analysis_rate_max;
    return {
      state,
      reason: reason[state] ?? null,
      picture_age_ms: seen ? 60 : Date.now() - this.blind.since,
      analysis_age_ms: live ? 80 : 3400,
      analysed_per_s: live ? Math.round(wanted * entry.share * 10) / 10 : 0,
      wanted_per_s: wanted,
      need,
      pictures_per_s: seen ? 25 : 0,
      dropped: 0,
      position_ms: file ? Math.round((entry.at / FPS) * 1000) % 16000 : null,
      duration_ms: file ? 16000 : null,
      playing: file ? entry.playing : null,
      width: WIDTH,
      height: HEIGHT,
      people: live ? PEOPLE[entry.hall].length : null,
      source_connections: seen ? 1 : 0,
      restarts: state === 'STALE' ? 3 : 0,
    };
  }

  full = (entry) => ({
    ...entry.camera,
    zones: this.zoneList(entry.camera.id),
    status: this.status(entry),
  });
  picture = (entry) => halls[entry.hall][entry.at % halls[entry.hall].length];

  raise(camera, type, severity, zone, number, message, details = {}) {
    const event = {
      id: id('event'),
      seq: null,
      camera: camera?.id ?? null,
      camera_name: camera?.name ?? '',
      type,
      severity,
      zone: zone ? { id: zone.id, name: zone.name } : null,
      track: number === null ? null : `${camera.id}/1/${number}`,
      start: now(),
      end: null,
      message,
      details,
      config_version: 1,
      snapshot: type === 'system' ? 'none' : 'stored',
      clip: 'none',
      acknowledged: null,
      shot: camera && this.picture(this.cameras.get(camera.id)),
    };
    this.events.push(event);
    this.change(event, 'raised');
  }

  change(event, kind) {
    this.seq += 1;
    event.seq = this.seq;
    this.announce({ type: 'change', seq: this.seq, kind, recorded: true, event: plain(event) });
  }

  acknowledge(event, by, reason) {
    if (event.acknowledged) return;
    event.acknowledged = { by, at: now(), reason };
    this.change(event, 'acknowledged');
  }

  /** One picture further: who is where, and which alarms that means. */
  step(entry) {
    if (entry.camera.kind !== 'file' || entry.playing) entry.at += 1;
    const t = entry.at / FPS;
    const zones = this.zoneList(entry.camera.id).filter((zone) => zone.active);
    const blank = () => ({ verdict: 'clear', people: [] });
    const inZone = new Map(zones.map((zone) => [zone.id, blank()]));
    const boxes =
      entry.state !== 'LIVE'
        ? []
        : PEOPLE[entry.hall].map((p) => this.judge(entry, p, t, zones, inZone));
    /** Only that people are too few is judged here: the rest shows the other two verdicts. */
    const ruleNow = (r, zone) => {
      const told = { name: r.name, type: r.type };
      const people = inZone.get(zone).people.length;
      if (entry.state !== 'LIVE') return { ...told, verdict: 'unknown', reason: 'not_looked_at' };
      if (r.type !== 'occupancy_below' || people >= r.people) return { ...told, verdict: 'clear' };
      inZone.get(zone).verdict = 'alarm';
      return { ...told, verdict: 'fire', held_s: t };
    };
    const zonesNow = zones.map(({ id: zone, name, type, points, rules }) => ({
      id: zone,
      name,
      type,
      points,
      rules: rules.filter((r) => r.active).map((r) => ruleNow(r, zone)),
      ...(entry.state === 'LIVE' ? inZone.get(zone) : { verdict: 'unknown', people: [] }),
    }));
    const count = (test) => boxes.filter(test).length;
    const counters = {
      people: boxes.length,
      no_helmet: count((box) => box.equipment.helmet === 'missing'),
      warning: count((box) => box.level === 'warning'),
      danger: count((box) => box.level === 'danger'),
    };
    const { state, reason } = this.status(entry);
    const analysis = state !== 'LIVE' ? 'skipped' : entry.at % 3 === 2 ? 'predicted' : 'done';
    return {
      camera: entry.camera.id,
      segment: 1,
      time_us: Math.round(t * 1e6),
      utc: now(),
      width: WIDTH,
      height: HEIGHT,
      analysis,
      boxes,
      zones: zonesNow,
      counters: analysis === 'done' ? counters : null,
      config_version: 1,
      state,
      reason,
    };
  }

  judge(entry, p, t, zones, inZone) {
    const { camera } = entry;
    const box = boxOf(p, t);
    const point = [(box[0] + box[2]) / 2 / WIDTH, Math.min(1, box[3] / HEIGHT)];
    const equipment = {
      helmet: p.helmet ? 'present' : 'missing',
      vest: p.helmet ? 'present' : 'unknown',
      mask: 'unknown',
    };
    const inside = zones.filter((zone) => contains(zone.points, point));
    for (const zone of zones) if (!inside.includes(zone)) entry.since.delete(`${zone.id} ${p.n}`);
    for (const zone of inside) {
      const key = `${zone.id} ${p.n}`;
      if (!entry.since.has(key)) entry.since.set(key, Date.now());
      const since_s = (Date.now() - entry.since.get(key)) / 1000;
      const state = inZone.get(zone.id);
      const alarm = since_s >= zone.dwell_s;
      state.verdict = alarm ? 'alarm' : 'occupied';
      state.people.push({ track: `${camera.id}/1/${p.n}`, number: p.n, since_s, equipment });
      if (!alarm || Date.now() - (entry.fired.get(key) ?? 0) < zone.pause_s * 1000) continue;
      entry.fired.set(key, Date.now());
      const say = (ko, en) => ({
        ko: `${zone.name}: ${ko} #${p.n}`,
        en: `${zone.name}: ${en} #${p.n}`,
      });
      const severity = zone.type === 'danger' ? 'CRITICAL' : 'WARNING';
      this.raise(
        camera,
        `${zone.type}_zone_intrusion`,
        severity,
        zone,
        p.n,
        say('침입', 'intrusion'),
        { since_s },
      );
      if (zone.require.includes('helmet') && !p.helmet) {
        this.raise(
          camera,
          'helmet_missing',
          'CRITICAL',
          zone,
          p.n,
          say('안전모 미착용', 'no helmet'),
          { since_s },
        );
      }
    }
    const types = inside.map((zone) => zone.type);
    const level = types.includes('danger') ? 'danger' : types.length ? 'warning' : 'ok';
    return {
      track: `${camera.id}/1/${p.n}`,
      number: p.n,
      class: 'person',
      score: 0.91,
      box,
      predicted: entry.at % 3 === 2,
      equipment,
      zones: inside.map((zone) => zone.id),
      level,
    };
  }
}

export const plain = ({ shot: _, ...event }) => event;

function contains(points, [x, y]) {
  let inside = false;
  points.forEach(([ax, ay], i) => {
    const [bx, by] = points[(i + 1) % points.length];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  });
  return inside;
}
