//! One behaviour a file, which the file's first line names.

mod agent_crate;
mod also;
mod arena_sizes;
mod asked;
mod attachments;
mod background;
mod bad_input;
mod bad_machine;
mod bad_place;
mod bad_provider;
mod bad_state;
mod bounded_disk;
mod broken_rules;
mod budgets;
mod calls_of_a_reply;
mod chat;
mod checkpoints;
mod checks;
mod chunkings;
mod code_order;
mod command_line;
mod containers;
mod contracts;
mod cut_anywhere;
mod delivery;
mod drive;
mod drive_ends;
mod endings;
mod ends;
mod eval;
mod event_form;
mod events;
mod events_of_others;
mod exit_codes;
mod file_lengths;
mod fixes_a_project;
mod foreign_prompts;
mod forks;
mod full_disk;
mod hostile_folder;
mod inherited;
mod inspect;
mod instruct;
mod instructions;
mod journal;
mod json_lines;
mod json_reader;
mod key;
mod layering;
mod layering_files;
mod library;
mod log;
mod many_calls;
mod old_kernels;
mod one_choice;
mod options;
mod output_limit;
mod page;
mod patch_apply;
mod paths;
mod permissions;
mod permitted;
mod pipelines;
mod plumbing;
mod profile;
mod prompt_commands;
mod prompts;
mod random_sessions;
mod recipes;
mod recorded_streams;
mod records;
mod refused_window;
mod response_limit;
mod results;
mod retries;
mod rounds;
mod run_kill;
mod run_retries;
mod run_room;
mod sandbox;
mod sandbox_command;
mod scripted_command;
mod sent_back;
mod sessions;
mod signals;
mod simulator;
mod sizes;
mod skills;
mod sse_reader;
mod stdin;
mod stdout;
mod subagents;
mod summaries;
mod tape;
mod terminal;
mod tool_modes;
mod tool_results;
mod trust;
mod turn_ends;
mod undo;
mod vectors;
mod window;
mod worktrees;
mod write;
mod write_kill;
mod wrong_step;

use zerostack_tests::command::Place;

/// A clean place to run the command in.
fn place() -> Place {
    Place::new(env!("CARGO_BIN_EXE_zerostack-command"))
}

/// A project whose test fails, and replies that fix it: see `test.sh`, `add.sh`.
fn broken_project() -> Place {
    let place = place();
    place.write("project/add.sh", "#!/bin/sh\n# Adds two numbers.\necho $(($1 - $2))\n");
    place.write("project/test.sh", TEST);
    place
}

/// Passes when 2 and 3 are 5.
const TEST: &str = "#!/bin/sh\nsum=$(sh add.sh 2 3)\n[ \"$sum\" = 5 ] && echo PASSED && exit\n\
                    echo \"FAILED: 2 and 3 are $sum\"\nexit 1\n";
