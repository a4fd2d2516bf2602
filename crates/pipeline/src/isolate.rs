//! Where a camera's pipeline runs: on a thread with a runtime of its own.
//!
//! In a runtime that cameras share, one task that blocks its thread can stop all
//! others: when that thread is the one that last served timers and sockets,
//! nobody serves them until another thread is woken from outside, and the task
//! that was woken last stays with it. A thread a camera costs little, and
//! whatever blocks it costs that camera only.

use std::future::Future;
use std::pin::Pin;

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// A pipeline, ready to run.
pub(crate) type Running = Pin<Box<dyn Future<Output = ()> + Send>>;
/// Starts a pipeline; the name is for the system's list of threads.
pub(crate) type Spawn = fn(&str, Running) -> Task;

/// How a pipeline ended: by itself, or broken off for this reason.
type Outcome = Result<(), String>;

/// A running pipeline. Dropping it leaves it alone.
#[derive(Debug)]
pub(crate) struct Task {
    done: oneshot::Receiver<Outcome>,
    abort: CancellationToken,
}

impl Task {
    /// Waits for the end; not to be called again after it came.
    pub(crate) async fn ended(&mut self) -> Outcome {
        (&mut self.done).await.unwrap_or_else(|_gone| Err("its thread is gone".to_owned()))
    }

    /// Drops the pipeline where it waits. What does not wait is not reached.
    pub(crate) fn abort(&self) {
        self.abort.cancel();
    }

    /// Whether it has ended by now; not to be called after [`Task::ended`] came.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.done.try_recv(), Err(oneshot::error::TryRecvError::Empty))
    }
}

/// Runs the pipeline on a thread of its own.
pub(crate) fn on_thread(name: &str, running: Running) -> Task {
    let (tell, done) = oneshot::channel();
    let abort = CancellationToken::new();
    let asked = abort.clone();
    let run = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let outcome = match runtime {
            Ok(runtime) => {
                let outcome = runtime.block_on(drive(running, asked));
                // Work handed to blocking threads, such as a slow disk's, is not waited for.
                runtime.shutdown_background();
                outcome
            }
            Err(error) => Err(format!("its runtime could not be started: {error}")),
        };
        // Nobody asks any more once the camera is gone.
        tell.send(outcome).ok();
    };
    // Linux keeps 15 characters of a thread's name.
    let name: String = format!("cam {name}").chars().filter(char::is_ascii).take(15).collect();
    if let Err(error) = std::thread::Builder::new().name(name).spawn(run) {
        // The sender went with the closure, which is told as a fault.
        tracing::error!(%error, "the thread of a camera could not be started");
    }
    Task { done, abort }
}

/// Runs the pipeline in the runtime that there is: for simulated time.
#[cfg(test)]
pub(crate) fn on_runtime(_name: &str, running: Running) -> Task {
    let (tell, done) = oneshot::channel();
    let abort = CancellationToken::new();
    let asked = abort.clone();
    tokio::spawn(async move { tell.send(drive(running, asked).await).ok() });
    Task { done, abort }
}

/// Runs to the end or until it is aborted; a panic stays in here.
async fn drive(running: Running, abort: CancellationToken) -> Outcome {
    let mut task = tokio::spawn(running);
    let joined = tokio::select! {
        biased;
        joined = &mut task => joined,
        () = abort.cancelled() => {
            task.abort();
            task.await
        }
    };
    match joined {
        Err(error) if error.is_panic() => Err(error.to_string()),
        Ok(()) | Err(_) => Ok(()),
    }
}
