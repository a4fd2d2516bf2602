//! The REST interface as docs/api.md says, and its description for programs.

mod alarms;
mod audit;
mod calendar;
mod cameras;
mod cases;
mod changes;
mod checklists;
mod clips;
pub(crate) mod events;
mod export;
pub(crate) mod incidents;
mod picture;
mod range;
mod regulations;
mod replay;
mod schema;
mod session;
mod statistics;
mod system;
mod versions;
mod zones;

use axum::Json;
use axum::Router;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use versions::AuthorBody;

use crate::app::App;

/// Where the description is found.
const DESCRIPTION: &str = "/api/openapi.json";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "SAFE-YOLO",
        description = "Login is a cookie set by POST /api/session. Live pictures and events come by \
                       web sockets, /ws/live and /ws/events: see docs/api.md."
    ),
    tags(
        (name = "session", description = "Login"),
        (name = "cameras", description = "Cameras, their figures and pictures"),
        (name = "zones", description = "Zones of cameras"),
        (name = "calendar", description = "Time zone and holidays of the site"),
        (name = "checklists", description = "Checklists of cameras and their zones"),
        (name = "regulations", description = "What the law and the site ask for"),
        (name = "events", description = "What happened"),
        (name = "incidents", description = "Alarms of one cause, and what people do about them"),
        (name = "statistics", description = "Figures over periods, each beside the hours analysed"),
        (name = "system", description = "The system itself"),
    )
)]
struct Description;

/// All routes under `/api`, with their description.
pub(crate) fn routes() -> (Router<App>, utoipa::openapi::OpenApi) {
    let (router, description) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(session::begin, session::get, session::end))
        .routes(routes!(cameras::list, cameras::add))
        .routes(routes!(cameras::test))
        .routes(routes!(cameras::get, cameras::change, cameras::delete))
        .routes(routes!(cameras::status))
        .routes(routes!(cameras::picture))
        .routes(routes!(cameras::command))
        .routes(routes!(cameras::verdicts))
        .routes(routes!(calendar::get, calendar::put))
        .routes(routes!(checklists::list, checklists::add))
        .routes(routes!(checklists::settings, checklists::set))
        .routes(routes!(checklists::change, checklists::delete))
        .routes(routes!(checklists::tick))
        .routes(routes!(checklists::reset))
        .routes(routes!(checklists::history))
        .routes(routes!(checklists::list_templates))
        .routes(routes!(regulations::list, regulations::add))
        .routes(routes!(regulations::change, regulations::delete))
        .routes(routes!(versions::list))
        .routes(routes!(versions::get))
        .routes(routes!(versions::restore))
        .routes(routes!(replay::replay))
        .routes(routes!(zones::list, zones::add))
        .routes(routes!(zones::get, zones::change, zones::delete))
        .routes(routes!(events::list))
        .routes(routes!(export::export))
        .routes(routes!(changes::changes))
        .routes(routes!(events::acknowledge_many))
        .routes(routes!(events::get))
        .routes(routes!(events::acknowledge))
        .routes(routes!(events::snapshot))
        .routes(routes!(incidents::list))
        .routes(routes!(incidents::get))
        .routes(routes!(incidents::acknowledge))
        .routes(routes!(incidents::assign))
        .routes(routes!(incidents::resolve))
        .routes(routes!(incidents::false_alarm))
        .routes(routes!(incidents::reopen))
        .routes(routes!(incidents::note))
        .routes(routes!(incidents::hold))
        .routes(routes!(incidents::people))
        .routes(routes!(alarms::mutes, alarms::mute))
        .routes(routes!(alarms::lift))
        .routes(routes!(alarms::settings, alarms::set_settings))
        .routes(routes!(alarms::precision))
        .routes(routes!(clips::clip))
        .routes(routes!(clips::boxes))
        .routes(routes!(cases::export_case))
        .routes(routes!(cases::prepare_case))
        .routes(routes!(statistics::events))
        .routes(routes!(statistics::equipment))
        .routes(routes!(statistics::heatmap))
        .routes(routes!(audit::list))
        .routes(routes!(system::system))
        .split_for_parts();
    let served = description.clone();
    let describe = axum::routing::get(move || {
        let description = served.clone();
        async move { Json(description) }
    });
    (router.route(DESCRIPTION, describe), description)
}

/// The description of the REST interface, OpenAPI 3.1 as JSON.
///
/// # Errors
/// When it can't be written.
pub fn openapi_json() -> Result<String, serde_json::Error> {
    routes().1.to_pretty_json()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::access::{RULES, Verdict, look_up};

    #[test]
    fn every_described_route_is_in_the_table_and_the_other_way_round() {
        let description = serde_json::to_value(routes().1).unwrap();
        let mut described = std::collections::BTreeSet::new();
        for (path, item) in description["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys().filter(|k| *k != "parameters") {
                let method = method.to_uppercase();
                assert!(
                    matches!(look_up(&method, path), Verdict::Open(_)),
                    "{method} {path} is not in the table of access"
                );
                described.insert((method, path.clone()));
            }
        }
        for rule in RULES.iter().filter(|r| r.path.starts_with("/api/") && r.path != DESCRIPTION) {
            let key = (rule.method.to_owned(), rule.path.to_owned());
            assert!(described.contains(&key), "{} {} is not described", rule.method, rule.path);
        }
    }
}
