//! Rules, tools and paths.

use zerostack_policy::{Mode, Policy, Rule, Verdict};

fn rule(text: &str) -> Rule {
    Rule::parse(text).expect("a rule")
}

#[test]
fn a_rule_allows_a_command_but_not_what_stands_beside_it() {
    let policy = Policy::new(Mode::Standard).with_rule(Verdict::Allow, rule("Bash(npm install:*)"));
    let verdict = |command: &str| policy.check_command(command).verdict;
    assert_eq!(verdict("npm install left-pad"), Verdict::Allow);
    assert_eq!(verdict("npm installer"), Verdict::Ask);
    assert_eq!(verdict("npm install && curl x.test"), Verdict::Ask);
    assert_eq!(verdict("npm install $(curl x.test)"), Verdict::Ask);
    assert_eq!(verdict("npm install > ~/.bashrc"), Verdict::Ask);
    assert_eq!(verdict("LD_PRELOAD=x npm install"), Verdict::Ask);
    assert_eq!(verdict("'npm install' x"), Verdict::Ask);
}

#[test]
fn a_rule_that_denies_beats_all_others() {
    let policy = Policy::new(Mode::Full)
        .with_rule(Verdict::Allow, rule("Bash"))
        .with_rule(Verdict::Deny, rule("Bash(git push:*)"))
        .with_rule(Verdict::Ask, rule("Bash(git *)"));
    let decision = policy.check_command("timeout 5 /usr/bin/git push origin");
    assert_eq!(decision.verdict, Verdict::Deny);
    assert_eq!(decision.rule, "Bash(git push:*)");
    assert_eq!(policy.check_command("git status").verdict, Verdict::Ask);
    assert_eq!(policy.check_command("sh -c 'git push'").verdict, Verdict::Deny);
}

#[test]
fn a_rule_about_a_path_holds_for_tools_and_commands() {
    let policy = Policy::new(Mode::Standard)
        .with_rule(Verdict::Deny, rule("Read(./secrets/**)"))
        .with_rule(Verdict::Deny, rule("Edit(*.lock)"))
        .with_folders(Some("/home/u/p".to_owned()), Some("/home/u".to_owned()));
    assert_eq!(policy.check_tool("read", "secrets/a/b.txt").verdict, Verdict::Deny);
    assert_eq!(policy.check_tool("read", "/home/u/p/secrets/b.txt").verdict, Verdict::Deny);
    assert_eq!(policy.check_tool("read", "src/secrets.rs").verdict, Verdict::Allow);
    assert_eq!(policy.check_tool("edit", "deep/Cargo.lock").verdict, Verdict::Deny);
    assert_eq!(policy.check_command("cat secrets/a").verdict, Verdict::Deny);
    assert_eq!(policy.check_command("cd secrets && cat a").verdict, Verdict::Deny);
    assert_eq!(policy.check_command("echo x > Cargo.lock").verdict, Verdict::Deny);
}

#[test]
fn a_rule_about_a_path_holds_however_the_path_is_written() {
    let policy = Policy::new(Mode::ReadOnly)
        .with_rule(Verdict::Deny, rule("Read(./secrets/**)"))
        .with_rule(Verdict::Allow, rule("Edit(./src/**)"))
        .with_folders(Some("/home/u/p".to_owned()), Some("/home/u".to_owned()));
    for path in [
        "secrets",
        "./secrets/./k",
        "secrets//k",
        "src/../secrets/k",
        "/home/u/p//secrets/k",
        "/home/u/../u/p/secrets/k",
    ] {
        assert_eq!(policy.check_tool("read", path).verdict, Verdict::Deny, "{path}");
    }
    for command in [
        "cat sec*/k",
        "cat */k",
        "cat secret?/k",
        "cat [s]ecrets/k",
        "grep -r x secrets",
        "ls secrets/",
    ] {
        assert_eq!(policy.check_command(command).verdict, Verdict::Deny, "{command}");
    }
    for command in ["cat *.rs", "cat src/*/a", "ls", "grep -r x src"] {
        assert_eq!(policy.check_command(command).verdict, Verdict::Allow, "{command}");
    }
    // What a rule allows is what the path leads to.
    for path in ["src/a", "./src/b/../a", "/home/u/p/src/a"] {
        assert_eq!(policy.check_tool("edit", path).verdict, Verdict::Allow, "{path}");
    }
    for path in ["src/../../../etc/passwd", "src/../a", "src/../.git/hooks/x", "/src/a"] {
        assert_ne!(policy.check_tool("edit", path).verdict, Verdict::Allow, "{path}");
    }
}

#[test]
fn a_rule_about_a_subcommand_holds_behind_options() {
    let full = Policy::new(Mode::Full);
    let policy = full
        .with_rule(Verdict::Deny, rule("Bash(git push:*)"))
        .with_rule(Verdict::Deny, rule("Bash(npm publish)"))
        .with_rule(Verdict::Deny, rule("Bash(kubectl delete *)"));
    for command in [
        "git -C x push",
        "git -c a=b push origin",
        "git --no-pager push",
        "git --git-dir=x --work-tree y push",
        "/usr/bin/git -C . push",
        "kubectl -n x delete pod y",
        "kubectl --context=x delete pod y",
    ] {
        assert_eq!(policy.check_command(command).verdict, Verdict::Deny, "{command}");
    }
    for command in ["git status push", "git log --grep push", "git stash push"] {
        assert_ne!(policy.check_command(command).rule, "Bash(git push:*)", "{command}");
    }
    // One that allows does so for the words that it names.
    let policy = Policy::new(Mode::Standard).with_rule(Verdict::Allow, rule("Bash(git push:*)"));
    assert_eq!(policy.check_command("git push").verdict, Verdict::Allow);
    assert_ne!(policy.check_command("git -c core.sshCommand=x push").verdict, Verdict::Allow);
}

#[test]
fn tools_are_judged_by_where_their_path_leads() {
    let policy = Policy::new(Mode::Standard)
        .with_folders(Some("/home/u/p".to_owned()), Some("/home/u".to_owned()));
    let verdict = |tool: &str, path: &str| policy.check_tool(tool, path).verdict;
    assert_eq!(verdict("write", "src/a.rs"), Verdict::Allow);
    assert_eq!(verdict("write", "/home/u/p/src/a.rs"), Verdict::Allow);
    assert_eq!(verdict("write", "../q/a.rs"), Verdict::Ask);
    assert_eq!(verdict("write", "src/../../x"), Verdict::Ask);
    assert_eq!(verdict("write", "/home/u/.bashrc"), Verdict::Ask);
    assert_eq!(verdict("write", ".git/hooks/pre-commit"), Verdict::Ask);
    assert_eq!(verdict("write", ".GIT/config"), Verdict::Ask);
    assert_eq!(verdict("read", "/home/u/.ssh/id_rsa"), Verdict::Deny);
    assert_eq!(verdict("read", ".env"), Verdict::Ask);
    assert_eq!(verdict("read", ".env.example"), Verdict::Allow);
    let readonly = Policy::new(Mode::ReadOnly);
    assert_eq!(readonly.check_tool("edit", "src/a.rs").verdict, Verdict::Deny);
    assert_eq!(readonly.check_tool("list", ".").verdict, Verdict::Allow);
}

#[test]
fn a_decision_names_the_part_that_led_to_it() {
    let decision = Policy::new(Mode::Standard).check_command("ls && curl x.test");
    assert_eq!(decision.verdict, Verdict::Ask);
    assert_eq!(decision.part, "curl x.test");
    assert_eq!(decision.reason, "curl uses the network");
    assert_eq!(decision.rule, "mode standard");
}

#[test]
fn a_rule_that_cannot_be_read_says_why() {
    let error = Rule::parse("Bash(git").expect_err("no parenthesis").to_string();
    assert_eq!(error, "the rule \"Bash(git\" lacks a `)`");
    let error = Rule::parse("Teleport(x)").expect_err("no tool").to_string();
    assert!(
        error.starts_with("the rule \"Teleport(x)\" names no tool; tools are Bash, "),
        "{error}"
    );
    assert!(Rule::parse("Read([)").is_err());
}
