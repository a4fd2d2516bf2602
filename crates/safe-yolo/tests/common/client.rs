//! A logged in user of the interface.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::socket::Socket;
use super::{PATIENCE, STEP};

#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    cookie: String,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
    pub(crate) json: Value,
}

impl Answer {
    pub(crate) fn ok(self) -> Value {
        assert!(self.status.is_success(), "{self:?}");
        self.json
    }
}

impl Client {
    /// Logs in, which must succeed.
    pub(crate) async fn login(base: &str, username: &str, password: &str) -> Self {
        match Self::try_login(base, username, password).await {
            Ok(client) => client,
            Err(status) => panic!("the login of {username} is refused: {status}"),
        }
    }

    /// Logs in, or gives the status of the refusal.
    pub(crate) async fn try_login(
        base: &str,
        username: &str,
        password: &str,
    ) -> Result<Self, StatusCode> {
        let http = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
        let body = json!({"username": username, "password": password});
        let request = http.post(format!("{base}/api/session")).json(&body);
        let response = request.send().await.unwrap();
        if !response.status().is_success() {
            return Err(response.status());
        }
        let cookie = response.headers()["set-cookie"].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Ok(Self { http, base: base.to_owned(), cookie })
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.try_send(method, path, body).await.unwrap()
    }

    /// The answer, or none when the server goes away.
    pub(crate) async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> reqwest::Result<Answer> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        request = request.header("cookie", &self.cookie);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await?;
        let status = response.status();
        let bytes = response.bytes().await?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Answer { status, text, json })
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    /// What is answered, byte by byte.
    pub(crate) async fn download(&self, path: &str, body: Value) -> Vec<u8> {
        let request = self.http.post(format!("{}{path}", self.base)).json(&body);
        let response = request.header("cookie", &self.cookie).send().await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.status());
        response.bytes().await.unwrap().to_vec()
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some(body)).await
    }

    /// Adds a camera and gives its id.
    pub(crate) async fn add_camera(&self, camera: Value) -> String {
        let camera = self.post("/api/cameras", camera).await.ok();
        camera["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn command(&self, camera: &str, command: Value) -> Answer {
        self.post(&format!("/api/cameras/{camera}/command"), command).await
    }

    pub(crate) async fn status(&self, camera: &str) -> Value {
        self.get(&format!("/api/cameras/{camera}/status")).await.ok()
    }

    /// Asks until the camera has this state.
    pub(crate) async fn until_state(&self, camera: &str, state: &str, limit: Duration) -> Value {
        let path = format!("/api/cameras/{camera}/status");
        self.until(&path, limit, |status| status["state"] == state).await
    }

    /// Asks until the answer is as wanted.
    pub(crate) async fn until(
        &self,
        path: &str,
        limit: Duration,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let begun = Instant::now();
        loop {
            let answer = self.get(path).await;
            if wanted(&answer.json) {
                return answer.json;
            }
            assert!(begun.elapsed() < limit, "{path} stays {}", answer.text);
            tokio::time::sleep(STEP).await;
        }
    }

    pub(crate) async fn socket(&self, path: &str) -> Socket {
        Socket::open(&self.base, path, &self.cookie).await
    }
}
