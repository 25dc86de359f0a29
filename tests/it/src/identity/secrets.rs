//! What a thief of the disk finds of agents: nothing that names them and nothing that lets in.

use app::identity::{Role, Visitor};
use testkit::{ENGINES, PASSWORD, TestApp, files_below};

use super::{from, sign_in_with};
use crate::security::search::Search;

#[tokio::test(flavor = "multi_thread")]
async fn neither_names_nor_secrets_lie_on_the_disk() {
    for engine in ENGINES {
        let test = TestApp::on(engine).await;
        let identity = &test.app.identity;
        let invited = test.invite("canary.agent.3311@elm.example", Role::Agent).await;
        let maria = test.enrol_with_password(&invited.text, "Canaria Agentsson").await;
        let visitor = Visitor { user_agent: "canary-browser-4422".to_owned(), ..from("203.0.113.77") };
        let _refused = sign_in_with(&test, "canary.agent.3311@elm.example", PASSWORD, "1", &visitor).await;
        let code = maria.codes.first().unwrap();
        let way = identity.recover("canary.agent.3311@elm.example", code, &visitor).await.unwrap();
        let begun = identity.begin_enrolment_totp(&way.text).await.unwrap();
        let mut wanted = vec![
            "canary.agent.3311".to_owned(),
            "Canaria Agentsson".to_owned(),
            "canary-browser-4422".to_owned(),
            "203.0.113.77".to_owned(),
            PASSWORD.to_owned(),
            maria.secret.to_string(),
            begun.secret.to_string(),
        ];
        // The last letters are of the secrets alone; the others say whose and which they are.
        for text in [&invited.text, &way.text, &maria.session.cookie, &maria.session.device] {
            wanted.push(text.get(text.len() - 40..).unwrap().to_owned());
        }
        for code in &maria.codes {
            wanted.push(code.replace('-', ""));
            wanted.push(code.to_string());
        }
        test.app.audit.fold(test.organisation).await.unwrap();
        let mut files = files_below(&test.data());
        if engine == db::Engine::Postgres {
            files.extend(files_below(&testkit::postgres::Cluster::shared().data_folder()));
        }
        let place = test.close().await;
        files.extend(files_below(&place.data()));
        files.extend(files_below(&place.keys()));
        let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
        assert_eq!(Search::of(&wanted).find_in(&files), None, "{engine:?}");
    }
}
