// Only for developing the page: speaks docs/api.md from memory, any user with password `test`.
// The user's name is the role: admin, operator or viewer. MOCK_EMPTY=1 starts without cameras,
// MOCK_MISSED=n tells of each n-th change that it was missed instead of sending it.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { WebSocketServer } from 'ws';
import { FPS } from './scene.mjs';
import { plain, World } from './world.mjs';

const PORT = Number(process.env.MOCK_PORT ?? 8080);
const MISSED_EVERY = Number(process.env.MOCK_MISSED ?? 0);
const DIST = new URL('../dist/', import.meta.url).pathname;
const TYPES = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};
const world = new World(process.env.MOCK_EMPTY === '1');
const sessions = new Map();

class Problem extends Error {
  constructor(status, code, detail) {
    super(detail);
    Object.assign(this, { status, code, detail });
  }
}
/** Refuses a change that is based on an older version of a camera. */
function checkBase(request, camera) {
  const tag = request.headers['if-match'];
  const { version } = world.cameras.get(camera).camera;
  if (tag === undefined || tag === '*' || tag === `"${version}"`) return;
  const newest = world.history.list(camera)[0];
  const problem = new Problem(412, 'precondition_failed', `the camera is at version ${version}`);
  problem.newest = { camera, version, at: newest.at, by: newest.by };
  throw problem;
}
const missing = (what) => new Problem(404, 'not_found', `${what} is not known`);

const userOf = (request) => sessions.get(/sid=(\w+)/.exec(request.headers.cookie ?? '')?.[1]);

async function body(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return parts.length ? JSON.parse(Buffer.concat(parts).toString()) : {};
}

function need(map, key, what) {
  const value = map.get(key);
  if (!value) throw missing(`${what} '${key}'`);
  return value;
}

function listEvents(query) {
  const get = (key) => query.get(key);
  const among = (key, value) => !get(key) || get(key).split(',').includes(value);
  const fits = (e) =>
    among('camera', e.camera) &&
    among('zone', e.zone?.id) &&
    among('type', e.type) &&
    among('severity', e.severity) &&
    (!get('acknowledged') || String(e.acknowledged !== null) === get('acknowledged')) &&
    (!get('from') || e.start >= get('from')) &&
    (!get('to') || e.start <= get('to')) &&
    (!get('before') || e.seq < Number(get('before')));
  const events = world.events.filter(fits).sort((a, b) => b.seq - a.seq);
  return {
    events: events.slice(0, Number(get('limit') ?? 50)).map(plain),
    unacknowledged: world.events.filter((e) => e.severity !== 'INFO' && !e.acknowledged).length,
    seq: world.seq,
  };
}

/** As the world keeps no old forms of events: each by its newest change. */
function listChanges(query) {
  const after = Number(query.get('after') ?? 0);
  const late = world.events.filter((e) => e.seq > after).sort((a, b) => a.seq - b.seq);
  const changes = late.slice(0, Number(query.get('limit') ?? 100)).map((event) => ({
    seq: event.seq,
    kind: event.acknowledged ? 'acknowledged' : 'raised',
    recorded: true,
    event: plain(event),
  }));
  return { changes, seq: world.seq };
}

let calendar = { time_zone: 'Asia/Seoul', holidays: [] };

async function route(request, url, user) {
  const parts = url.pathname.split('/').slice(2).map(decodeURIComponent);
  const [what, key, action, number, deed] = parts;
  const input = ['POST', 'PATCH'].includes(request.method) ? await body(request) : {};
  const call = `${request.method} ${what}`;
  if (what === 'session') return { user };
  if (what === 'calendar') {
    if (request.method === 'PUT') calendar = await body(request);
    return calendar;
  }
  if (call === 'GET checklists') return key ? { shifts: [] } : { checklists: [] };
  if (call === 'GET checklist-templates') return { templates: [] };
  if (call === 'GET regulations') return { regulations: [] };
  if (call === 'GET system') {
    const ok = { state: 'ok', detail: null };
    return {
      version: 'mock',
      model: { name: 'mock', classes: ['person', 'helmet'] },
      store: ok,
      evidence: ok,
      detector: ok,
      escalation: ok,
      disk: {
        level: 'enough',
        free_bytes: 5e10,
        free_bytes_min: 1e9,
        evidence_bytes: 1e9,
        detail: null,
      },
      cameras: { total: world.cameras.size, live: 2 },
      analysed_per_s: [...world.cameras.values()].reduce(
        (sum, entry) => sum + world.status(entry).analysed_per_s,
        0,
      ),
      unacknowledged: listEvents(new URLSearchParams()).unacknowledged,
      seq: world.seq,
    };
  }
  if (what === 'cameras') {
    if (!key && request.method === 'GET')
      return { cameras: [...world.cameras.values()].map(world.full) };
    if (!key) {
      const camera = world.addCamera(input);
      return world.full(world.cameras.get(camera.id));
    }
    if (key === 'test') {
      if (input.source.includes('bad'))
        throw new Problem(422, 'source_failed', `'${input.source}' did not answer`);
      const entry = [...world.cameras.values()][0] ?? { hall: 'press', at: 0 };
      const picture = `data:image/jpeg;base64,${world.picture(entry).toString('base64')}`;
      return { width: 960, height: 540, picture };
    }
    const entry = need(world.cameras, key, 'camera');
    if (action === 'picture') return world.picture(entry);
    if (action === 'command') {
      entry.playing = input.action === 'play' || (input.action === 'seek' && entry.playing);
      if (input.action === 'seek') entry.at = Math.round((input.position_ms / 1000) * FPS);
      entry.state = entry.playing ? 'LIVE' : input.action === 'stop' ? 'STOPPED' : 'PAUSED';
      return world.status(entry);
    }
    if (action === 'replay')
      return {
        events: [],
        events_left_out: 0,
        counts: { same: 0, moved: 0, new: 0, gone: 0 },
        holes: [],
        exact: true,
      };
    if (action === 'versions') {
      const list = world.history.list(key);
      const before = Number(url.searchParams.get('before') ?? Number.POSITIVE_INFINITY);
      if (!number) return { versions: list.filter((v) => v.version < before).slice(0, 20) };
      const version = list.find((v) => v.version === Number(number));
      if (!version) throw missing(`version '${number}'`);
      if (deed !== 'restore') return version;
      checkBase(request, key);
      world.history.restore(key, version, user.username);
      return world.full(entry);
    }
    if (['PATCH', 'DELETE'].includes(request.method)) checkBase(request, key);
    if (request.method === 'DELETE') return void world.cameras.delete(key);
    if (request.method === 'PATCH') {
      Object.assign(entry.camera, input);
      world.history.note(key, user.username, 'changed', []);
    }
    return world.full(entry);
  }
  if (what === 'zones') {
    if (call === 'POST zones') {
      if (input.points.length < 3) throw new Problem(422, 'invalid', 'a polygon needs 3 points');
      return world.addZone(input, user.username);
    }
    if (!key) return { zones: world.zoneList(url.searchParams.get('camera')) };
    const zone = need(world.zones, key, 'zone');
    checkBase(request, zone.camera);
    if (request.method === 'DELETE') return void world.history.removeZone(zone, user.username);
    world.history.changeZone(zone, input, user.username);
    return { ...zone, version: world.cameras.get(zone.camera).camera.version };
  }
  if (what === 'events') {
    if (!key) return listEvents(url.searchParams);
    if (key === 'changes') return listChanges(url.searchParams);
    if (key === 'acknowledge') {
      const some = world.events.filter(
        (e) => e.severity !== 'INFO' && !e.acknowledged && (input.ids?.includes(e.id) ?? true),
      );
      for (const event of some) world.acknowledge(event, user.username, input.reason);
      return { acknowledged: some.length };
    }
    const event = world.events.find((e) => e.id === key);
    if (!event) throw missing(`event '${key}'`);
    if (action === 'snapshot') return event.shot;
    if (action === 'acknowledge') world.acknowledge(event, user.username, input.reason);
    return plain(event);
  }
  throw missing(url.pathname);
}

function send(response, status, value, type = 'application/json') {
  if (value === undefined) return response.writeHead(204).end();
  const picture = Buffer.isBuffer(value);
  response.writeHead(status, {
    'content-type': picture ? 'image/jpeg' : type,
    'cache-control': 'no-store',
  });
  return response.end(picture ? value : JSON.stringify(value));
}

async function page(url, response) {
  const path = normalize(url.pathname === '/' ? '/index.html' : url.pathname);
  const file = await readFile(join(DIST, path)).catch(() => null);
  if (!file) return response.writeHead(404).end();
  response.writeHead(200, {
    'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
    'content-security-policy': "default-src 'self'; img-src 'self' data: blob:",
  });
  return response.end(file);
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, 'http://mock');
  if (!url.pathname.startsWith('/api/')) return page(url, response);
  try {
    if (url.pathname === '/api/session' && request.method === 'POST') {
      const { username, password } = await body(request);
      if (password !== 'test') throw new Problem(401, 'wrong_password', 'wrong user or password');
      const role = ['admin', 'operator', 'viewer'].includes(username) ? username : 'admin';
      const sid = Math.random().toString(36).slice(2);
      sessions.set(sid, { username, role });
      response.setHeader('set-cookie', `sid=${sid}; HttpOnly; SameSite=Strict; Path=/`);
      return send(response, 200, { user: sessions.get(sid) });
    }
    const user = userOf(request);
    if (!user) throw new Problem(401, 'unauthenticated', 'log in first');
    if (url.pathname === '/api/session' && request.method === 'DELETE') {
      sessions.clear();
      return send(response, 204);
    }
    return send(response, request.method === 'POST' ? 201 : 200, await route(request, url, user));
  } catch (error) {
    const { status = 500, code = 'internal', detail = String(error), newest } = error;
    return send(
      response,
      status,
      { type: 'about:blank', title: code, status, code, detail, newest },
      'application/problem+json',
    );
  }
});

const sockets = new WebSocketServer({ noServer: true });
const viewers = new Map();
const listeners = new Set();
server.on('upgrade', (request, socket, head) => {
  if (!userOf(request)) return socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n');
  const url = new URL(request.url, 'http://mock');
  return sockets.handleUpgrade(request, socket, head, (ws) => {
    const set = url.pathname === '/ws/live' ? viewers : listeners;
    if (set === viewers) viewers.set(ws, []);
    else listeners.add(ws);
    ws.on('close', () => set.delete(ws));
    ws.on('message', (data) =>
      viewers.set(
        ws,
        JSON.parse(data).cameras.map((camera) => camera.id),
      ),
    );
    if (set === viewers) return;
    ws.send(JSON.stringify({ type: 'hello', seq: world.seq }));
    const after = url.searchParams.get('after');
    const late =
      after === null ? [] : listChanges(new URLSearchParams({ after, limit: 10000 })).changes;
    for (const change of late) ws.send(JSON.stringify({ type: 'change', ...change }));
  });
});

world.announce = (change) => {
  const { seq } = change;
  const isMissed = MISSED_EVERY > 0 && seq % MISSED_EVERY === 0;
  const message = isMissed ? { type: 'missed', after: seq - 1, up_to: seq, count: 1 } : change;
  for (const ws of listeners) ws.send(JSON.stringify(message));
};

setInterval(() => {
  for (const entry of world.cameras.values()) {
    if (entry.state !== 'LIVE' && entry.state !== 'DEGRADED') continue;
    const header = Buffer.from(JSON.stringify(world.step(entry)));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(header.length);
    const message = Buffer.concat([length, header, world.picture(entry)]);
    for (const [ws, wanted] of viewers) if (wanted.includes(entry.camera.id)) ws.send(message);
  }
}, 1000 / FPS);

setInterval(() => {
  const cameras = Object.fromEntries(
    [...world.cameras].map(([id, entry]) => [id, world.status(entry)]),
  );
  for (const ws of viewers.keys()) ws.send(JSON.stringify({ type: 'status', cameras }));
  for (const ws of listeners) ws.send(JSON.stringify({ type: 'heartbeat', seq: world.seq }));
}, 1000);

server.listen(PORT, '127.0.0.1', () => console.log(`mock on http://127.0.0.1:${PORT}`));
