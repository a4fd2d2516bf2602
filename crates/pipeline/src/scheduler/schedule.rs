//! Which cameras' pictures are analysed next: the pure part. Time is data.
//!
//! Each camera has one place for its newest picture that is due. The longer ago
//! its last analysis is, measured in the camera's own period and weighted by
//! the risk of its zones, the more urgent it is. Every other turn belongs to the
//! cameras that were not looked at for [`FLOOR`], longest first. So under any
//! load nobody starves - among `n` cameras a picture waits for at most `2 n`
//! others once it has reached the floor - and many quiet cameras can't take more
//! than half of the detector from one in which something happens.

use std::collections::BTreeMap;
use std::time::Duration;

use safe_yolo_core::PictureSize;

/// Every other turn is for cameras whose last analysis is older.
pub(crate) const FLOOR: Duration = Duration::from_millis(900);

/// A camera's place in the schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LaneId(pub(crate) u64);

/// How often and how urgently a camera wants to be analysed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wish {
    /// Between analyses when all goes well.
    pub period: Duration,
    /// 1 for a camera without zones; more where more is at stake.
    pub weight: f64,
}

#[derive(Debug)]
struct Lane<P> {
    wish: Wish,
    /// When the last picture was taken from it, or when it was added.
    last: Duration,
    /// The number of its last turn; decides between equals.
    turn: u64,
    waiting: Option<Waiting<P>>,
    /// A picture of it is being analysed: the next has to wait, or tracks
    /// would be moved out of order.
    in_flight: bool,
}

#[derive(Debug)]
struct Waiting<P> {
    picture: P,
    /// Size of the model's input: pictures of a batch must have the same.
    input: PictureSize,
    since: Duration,
}

/// A picture whose turn has come.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Taken<P> {
    pub(crate) lane: LaneId,
    pub(crate) picture: P,
    /// How long it waited for its turn.
    pub(crate) waited: Duration,
}

/// All cameras that want to be analysed; one entry a camera that is there.
#[derive(Debug)]
pub(crate) struct Schedule<P> {
    lanes: BTreeMap<LaneId, Lane<P>>,
    next: u64,
    turns: u64,
}

impl<P> Default for Schedule<P> {
    fn default() -> Self {
        Self { lanes: BTreeMap::new(), next: 0, turns: 0 }
    }
}

impl<P> Schedule<P> {
    /// A new camera; it is analysed soon.
    pub(crate) fn add(&mut self, wish: Wish, now: Duration) -> LaneId {
        let id = LaneId(self.next);
        self.next += 1;
        let last = now.saturating_sub(wish.period);
        self.lanes.insert(id, Lane { wish, last, turn: 0, waiting: None, in_flight: false });
        id
    }

    /// The camera is gone; what waits goes with it.
    pub(crate) fn remove(&mut self, id: LaneId) {
        self.lanes.remove(&id);
    }

    /// The camera wants something else from now on.
    pub(crate) fn set_wish(&mut self, id: LaneId, wish: Wish) {
        if let Some(lane) = self.lanes.get_mut(&id) {
            lane.wish = wish;
        }
    }

    /// The camera's newest picture (policy `latest`); answers the one that it
    /// replaces, which nobody has looked at.
    pub(crate) fn offer(
        &mut self,
        id: LaneId,
        picture: P,
        input: PictureSize,
        now: Duration,
    ) -> Option<P> {
        let Some(lane) = self.lanes.get_mut(&id) else { return Some(picture) };
        let since = lane.waiting.as_ref().map_or(now, |older| older.since);
        let older = lane.waiting.replace(Waiting { picture, input, since });
        older.map(|older| older.picture)
    }

    /// Takes back what waits: nobody wants it any more.
    pub(crate) fn withdraw(&mut self, id: LaneId) -> Option<P> {
        let lane = self.lanes.get_mut(&id)?;
        lane.waiting.take().map(|waiting| waiting.picture)
    }

    /// Whether a picture of the camera waits for its turn.
    pub(crate) fn is_waiting(&self, id: LaneId) -> bool {
        self.lanes.get(&id).is_some_and(|lane| lane.waiting.is_some())
    }

    /// For how long a picture of the camera has been taken and not done.
    pub(crate) fn in_flight_for(&self, id: LaneId, now: Duration) -> Option<Duration> {
        let lane = self.lanes.get(&id).filter(|lane| lane.in_flight)?;
        Some(now.saturating_sub(lane.last))
    }

    /// Whatever was taken is lost: every camera's next picture may be taken.
    pub(crate) fn release_all(&mut self) {
        for lane in self.lanes.values_mut() {
            lane.in_flight = false;
        }
    }

    /// The picture that was taken last is done; the next may be.
    pub(crate) fn finished(&mut self, id: LaneId) {
        if let Some(lane) = self.lanes.get_mut(&id) {
            lane.in_flight = false;
        }
    }

    /// The pictures whose turn it is, at most `max` of them, all of the same
    /// input size as the first.
    pub(crate) fn take(&mut self, now: Duration, max: usize) -> Vec<Taken<P>> {
        let mut batch = Vec::new();
        let mut input = None;
        while batch.len() < max
            && let Some(id) = self.next_turn(now, input)
        {
            self.turns += 1;
            if let Some(lane) = self.lanes.get_mut(&id)
                && let Some(waiting) = lane.waiting.take()
            {
                lane.last = now;
                lane.turn = self.turns;
                lane.in_flight = true;
                input = Some(waiting.input);
                let waited = now.saturating_sub(waiting.since);
                batch.push(Taken { lane: id, picture: waiting.picture, waited });
            }
        }
        batch
    }

    fn next_turn(&self, now: Duration, input: Option<PictureSize>) -> Option<LaneId> {
        let for_overdue = self.turns % 2 == 1;
        let ready = self.lanes.iter().filter(|(_, lane)| {
            let fits = |waiting: &Waiting<P>| input.is_none_or(|input| input == waiting.input);
            !lane.in_flight && lane.waiting.as_ref().is_some_and(fits)
        });
        let keyed = ready.map(|(id, lane)| {
            let age = now.saturating_sub(lane.last);
            let overdue = if for_overdue && age >= FLOOR { age } else { Duration::ZERO };
            (overdue, urgency(lane.wish, age), std::cmp::Reverse((lane.turn, *id)))
        });
        let first =
            keyed.max_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
        first.map(|(_, _, std::cmp::Reverse((_, id)))| id)
    }

    /// Pictures that could be taken now.
    pub(crate) fn ready(&self) -> usize {
        self.lanes.values().filter(|lane| !lane.in_flight && lane.waiting.is_some()).count()
    }

    /// When the picture that has been ready longest began to wait.
    pub(crate) fn oldest(&self) -> Option<Duration> {
        let ready = self.lanes.values().filter(|lane| !lane.in_flight);
        ready.filter_map(|lane| lane.waiting.as_ref().map(|waiting| waiting.since)).min()
    }
}

/// How urgent a look is: the age of the last one in periods, weighted.
fn urgency(wish: Wish, age: Duration) -> f64 {
    let period = wish.period.max(Duration::from_millis(1));
    age.as_secs_f64() / period.as_secs_f64() * wish.weight
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
