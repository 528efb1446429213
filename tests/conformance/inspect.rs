//! `config` shows where each setting comes from, `doctor` what the machine allows.

use serde_json::Value;
use zerostack::scripted::{Reply, Script, Scripted};

use super::place;

const USER: &str = "home/.config/zerostack/config.toml";
const PROJECT: &str = "project/.zerostack/config.toml";

fn rows(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_value_has_its_origin_and_who_may_set_it() {
    let place = place();
    place.write(
        USER,
        "provider = \"work\"\nmodel = \"mine\"\n[providers.work]\nbase_url = \"http://127.0.0.1:9/v1\"\n\
         headers = { api-key = \"sk-very-secret-0123456789\" }\n[projects]\nmodels = [\"theirs\"]\n\
         [permissions]\ndeny = [\"Read(./a)\"]\n",
    );
    place.write(PROJECT, "model = \"theirs\"\n[permissions]\ndeny = [\"Read(./b)\"]\n");
    let config = |arguments: &[&str], variable: Option<&str>| {
        let run = place.zerostack(&[&["config", "--json"], arguments].concat());
        let run = match variable {
            Some(value) => run.env("ZEROSTACK_MODEL", value),
            None => run.without("ZEROSTACK_MODEL"),
        };
        rows(&run.run().success())
    };
    let of = |rows: &[Value], key: &str| {
        let found = rows.iter().filter(|row| row["key"] == key);
        found
            .map(|row| format!("{} {}", row["origin"].as_str().unwrap(), row["value"]))
            .collect::<Vec<_>>()
    };
    let all = config(&[], None);
    assert_eq!(of(&all, "model"), ["project \"theirs\""]);
    assert_eq!(of(&all, "provider"), ["user \"work\""]);
    assert_eq!(of(&all, "max_rounds"), ["default \"200\""]);
    assert_eq!(
        of(&all, "permissions.deny"),
        ["project [\"Read(./b)\"]", "user [\"Read(./a)\"]"],
        "rules of all places hold"
    );
    assert_eq!(of(&all, "providers.work.headers"), ["user \"(not printed)\""]);
    assert_eq!(of(&config(&[], Some("theirs")), "model"), ["environment \"theirs\""]);
    let flags = config(&["--model", "flagged", "--max-rounds", "7"], Some("theirs"));
    assert_eq!(of(&flags, "model"), ["flag \"flagged\""]);
    assert_eq!(of(&flags, "max_rounds"), ["flag \"7\""]);
    let who = all.iter().find(|row| row["key"] == "permissions.allow").unwrap();
    assert_eq!(who["set_by"], serde_json::json!(["flag", "user", "project if the user trusts it"]));
    let text = place.zerostack(&["config"]).without("ZEROSTACK_MODEL").run().success();
    assert!(text.contains("theirs  (project: ") && !text.contains("sk-very"), "{text}");
}

#[test]
fn an_unknown_key_is_a_warning_and_in_tables_an_error() {
    let place = place();
    place.write(USER, "\n\nmodl = \"x\"\ncolour = \"red\"\n");
    let provider = Scripted::start(Script::new().reply(Reply::new().text("so"))).unwrap();
    let done = place.zerostack(&["explain", "it"]).model(&provider).run();
    assert_eq!(done.success(), "so\n");
    for line in [
        "config.toml:3: unknown key `modl`; did you mean `model`?; it is ignored",
        "config.toml:4: unknown key `colour`; it is ignored",
    ] {
        assert!(done.stderr.contains(line), "{}", done.stderr);
    }
    for (path, text, part) in [
        (
            USER,
            "[permisions]\ndeny = []\n",
            "config.toml:1: unknown key `permisions`; did you mean `permissions`?",
        ),
        (USER, "[sandbx]\nnet = \"on\"\n", "did you mean `sandbox`?"),
        (USER, "[permissions]\ncolour = 1\n", "config.toml:2: unknown field `colour`"),
        (USER, "[providers.x]\nbase_ur = \"y\"\n", "unknown field `base_ur`"),
        (PROJECT, "colour = 1\n", "config.toml:1: unknown field `colour`"),
        (PROJECT, "[providers.x]\napi = \"ollama\"\n", "a project's file holds only"),
        (PROJECT, "[sandbox]\nnets = \"on\"\n", "a project's file holds only"),
    ] {
        let place = super::place();
        place.write(path, text);
        for command in [&["explain", "it"][..], &["config"], &["doctor"]] {
            let done = place.zerostack(command).model(&provider).run();
            assert_eq!(done.code, 52, "{text}: {done:?}");
            assert!(format!("{done:?}").contains(part), "{text}: {done:?}");
        }
    }
}

#[test]
fn the_doctor_names_each_layer_and_sends_nothing_unless_asked_to() {
    let place = place();
    let provider = Scripted::start(Script::new().models(&["a", "b"])).unwrap();
    let base_url = provider.base_url();
    let doctor = |arguments: &[&str], model: &str| {
        let run = place.zerostack(&[&["doctor"], arguments].concat());
        run.env("ZEROSTACK_BASE_URL", &base_url).env("ZEROSTACK_MODEL", model).run()
    };
    let done = doctor(&["--json"], "a");
    let found = rows(&done.text());
    if done.code == 0 {
        let layer =
            |name: &str| found.iter().any(|row| row["name"] == "sandbox" && row["detail"] == name);
        assert!(layer("seccomp") && layer("network-namespace"), "{found:?}");
    } else {
        // A machine without namespaces reports that.
        assert_eq!(done.code, 44, "{done:?}");
    }
    for name in ["system", "cgroup", "git", "state", "terminal", "model"] {
        assert!(found.iter().any(|row| row["name"] == name), "{name}: {found:?}");
    }
    assert!(done.text().contains("not asked; --network does"), "{done:?}");
    assert!(doctor(&["--network"], "a").text().contains("it answers"));
    assert!(doctor(&["--network"], "c").text().contains("does not list c"));
    drop(provider);
    let done = doctor(&["--network"], "a");
    assert_eq!(done.code, 60, "{done:?}");
}
