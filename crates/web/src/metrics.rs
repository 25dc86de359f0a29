//! Counters in the Prometheus text format. They are of the whole installation and hold no personal
//! data: no ids, no addresses, no paths beyond the routes of this program.

use std::sync::{Arc, OnceLock};

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::permission::{LoopbackOr, MetricsRead};
use crate::problem::Problem;
use crate::serve::Shared;

/// Upper bounds of the buckets of times, in seconds.
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Where everything that the process counts is read.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// The counters of this process. The first call begins to count, so it comes early in a start.
    pub fn of_this_process() -> Self {
        static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
        let handle = HANDLE.get_or_init(|| {
            let builder = PrometheusBuilder::new();
            let builder = builder
                .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
                .unwrap_or_else(|_| PrometheusBuilder::new());
            let recorder = builder.build_recorder();
            let handle = recorder.handle();
            if ::metrics::set_global_recorder(recorder).is_err() {
                tracing::warn!("something else counts in this process already: /metrics stays empty");
            }
            describe();
            app::begin_counting();
            handle
        });
        Self(handle.clone())
    }

    /// Takes in what was measured since the last time; to be called every few seconds.
    pub(crate) fn settle(&self) {
        self.0.run_upkeep();
    }
}

fn describe() {
    ::metrics::describe_counter!("doorward_http_requests", "Requests answered, by method, route and status.");
    ::metrics::describe_counter!("doorward_http_problems", "Requests refused, by the kind of problem.");
    ::metrics::describe_histogram!("doorward_http_request_seconds", "Time from the head of a request to its answer.");
    ::metrics::describe_gauge!("doorward_http_connections", "Connections that are open.");
    for problem in Problem::every() {
        ::metrics::counter!("doorward_http_problems", "problem" => problem.word()).increment(0);
    }
}

/// Everything that is counted.
pub(crate) async fn show(_: LoopbackOr<MetricsRead>, State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], shared.metrics.0.render())
}
