//! A logged in user of the interface.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::Socket;
use crate::TestkitError;

/// The longest a request may take.
const REQUEST_MAX: Duration = Duration::from_secs(60);
/// Between two looks at an answer.
const STEP: Duration = Duration::from_millis(25);

/// A user with his cookie. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    cookie: String,
}

/// What the server answered.
#[derive(Debug)]
pub struct Answer {
    /// Method and path.
    what: String,
    /// The HTTP status.
    pub status: u16,
    /// The body as it came.
    pub text: String,
    /// The body; null when it is no JSON.
    pub json: Value,
}

impl Answer {
    /// The body of a success.
    ///
    /// # Errors
    /// When it is none.
    pub fn ok(self) -> Result<Value, TestkitError> {
        if (200..300).contains(&self.status) {
            return Ok(self.json);
        }
        Err(TestkitError::Refused { what: self.what, status: self.status, body: self.text })
    }
}

impl Client {
    /// Logs in.
    ///
    /// # Errors
    /// When the login is refused or nobody answers.
    pub async fn login(base: &str, username: &str, password: &str) -> Result<Self, TestkitError> {
        let failed = |error: reqwest::Error| TestkitError::connection("logging in", error);
        let http = reqwest::Client::builder().timeout(REQUEST_MAX).build().map_err(failed)?;
        let body = json!({"username": username, "password": password});
        let request = http.post(format!("{base}/api/session")).json(&body);
        let response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let cookie = response
            .headers()
            .get("set-cookie")
            .and_then(|cookie| cookie.to_str().ok()?.split(';').next().map(str::to_owned));
        match cookie {
            Some(cookie) if (200..300).contains(&status) => {
                Ok(Self { http, base: base.to_owned(), cookie })
            }
            _ => Err(TestkitError::Refused {
                what: format!("the login of {username}"),
                status,
                body: response.text().await.unwrap_or_default(),
            }),
        }
    }

    /// The same user at another address: sessions outlive the server.
    #[must_use]
    pub fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    /// Sends a request.
    ///
    /// # Errors
    /// When the server does not answer; an error that it answers is an [`Answer`].
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Answer, TestkitError> {
        let what = format!("{method} {path}");
        let failed = |error: reqwest::Error| TestkitError::connection(what.clone(), error);
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        request = request.header("cookie", &self.cookie);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await.map_err(failed)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Answer { what, status, text, json })
    }

    /// What is there.
    ///
    /// # Errors
    /// When the server does not answer or refuses.
    pub async fn get(&self, path: &str) -> Result<Value, TestkitError> {
        self.send(Method::GET, path, None).await?.ok()
    }

    /// Adds or orders something.
    ///
    /// # Errors
    /// When the server does not answer or refuses.
    pub async fn post(&self, path: &str, body: Value) -> Result<Value, TestkitError> {
        self.send(Method::POST, path, Some(body)).await?.ok()
    }

    /// Changes something.
    ///
    /// # Errors
    /// When the server does not answer or refuses.
    pub async fn patch(&self, path: &str, body: Value) -> Result<Value, TestkitError> {
        self.send(Method::PATCH, path, Some(body)).await?.ok()
    }

    /// Deletes something.
    ///
    /// # Errors
    /// When the server does not answer or refuses.
    pub async fn delete(&self, path: &str) -> Result<(), TestkitError> {
        self.send(Method::DELETE, path, None).await?.ok().map(drop)
    }

    /// Adds a camera or zone at `path` and gives its id.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn add(&self, path: &str, body: Value) -> Result<String, TestkitError> {
        let added = self.post(path, body).await?;
        let id = added["id"].as_str().map(str::to_owned);
        id.ok_or_else(|| TestkitError::connection(format!("POST {path}"), "the answer has no id"))
    }

    /// Asks until the answer is as wanted.
    ///
    /// # Errors
    /// When it is not within `limit`.
    pub async fn until(
        &self,
        path: &str,
        limit: Duration,
        wanted: impl Fn(&Value) -> bool,
    ) -> Result<Value, TestkitError> {
        let begun = Instant::now();
        loop {
            let answer = self.get(path).await?;
            if wanted(&answer) {
                return Ok(answer);
            }
            if begun.elapsed() > limit {
                return Err(TestkitError::Timeout {
                    what: format!("the wanted answer to {path}, which is {answer},"),
                    waited_s: limit.as_secs_f64(),
                });
            }
            tokio::time::sleep(STEP).await;
        }
    }

    /// Opens a web socket.
    ///
    /// # Errors
    /// When it is refused or the server is gone.
    pub async fn socket(&self, path: &str) -> Result<Socket, TestkitError> {
        Socket::open(&self.base, path, &self.cookie).await
    }
}
