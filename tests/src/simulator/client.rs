//! One session, its user and its tools.

use zerostack_core::{
    CallId, Config as _, Dialect, ErrorKind, Event, FailedTurn, Growing, Limits, RoomPolicy,
    Session, SessionConfig, Step, ToolMode, ToolResult, ToolSpec,
};

use super::checks::{self, Heard};
use super::service::{Answer, Service};
use super::{Counts, Happening};
use crate::body::{self, Lists};
use crate::model::Says;
use crate::random::Random;

const TOOLS: [ToolSpec<'static>; 2] = [
    ToolSpec { name: "read", description: "Reads \"a\" file", parameters: r#"{"type":"object"}"# },
    ToolSpec { name: "grep", description: "", parameters: "{}" },
];

pub(super) type Chat = Session<SessionConfig<'static>, Growing>;

#[derive(Debug)]
pub(super) struct Client {
    session: Chat,
    pub turns_left: u32,
    /// Grows when what is under way no longer counts.
    pub era: u32,
    /// The answer that is coming in, how much of it came, and what was heard of it.
    answer: Option<Answer>,
    came: usize,
    heard: Heard,
    /// What the last request held, unless something of it was taken out since.
    before: Option<Lists>,
    /// Times that the open request was sent.
    attempts: u8,
    /// The wish of the last refusal.
    retry_after_ms: Option<u32>,
    are_tools_started: bool,
}

type Next = Vec<(u64, Happening)>;

impl Client {
    pub fn new(random: &mut Random) -> Self {
        let limit = if random.once_in(2) { 300 + random.below(2500) } else { 64 * 1024 };
        let session = Session::new(Growing::new(limit), config(random));
        Self {
            session: session.expect("a good configuration"),
            turns_left: 3 + random.below(12) as u32,
            era: 0,
            answer: None,
            came: 0,
            heard: Heard::default(),
            before: None,
            attempts: 0,
            retry_after_ms: None,
            are_tools_started: false,
        }
    }

    /// Lets it happen, checks what must hold, and says what follows and when.
    pub fn take(
        &mut self,
        happening: &Happening,
        now_ms: u64,
        service: &mut Service,
        random: &mut Random,
        counts: &mut Counts,
    ) -> Next {
        counts.add("happenings");
        let mut next = Vec::new();
        match happening {
            Happening::Speak => {
                self.speak(random, counts);
                if random.once_in(6) {
                    next.push((random.below(60_000) as u64, Happening::Cancel));
                }
            }
            Happening::Head => self.head(now_ms, service, random, counts),
            Happening::Bytes => self.bytes(random, counts),
            Happening::Tool(call) => self.tool(CallId::from_number(*call), random, counts),
            Happening::WaitOver => self.session.retry().expect("the step is Wait"),
            Happening::Cancel => {
                counts.add("cancels");
                self.before = None;
                self.session.abort();
            }
        }
        self.make_room(random, counts);
        checks::resumes_as_it_is(&self.session);
        if random.once_in(16) {
            checks::refused_calls_change_nothing(&mut self.session);
        }
        self.go_on(random, counts, &mut next);
        next
    }

    /// What the step asks for.
    fn go_on(&mut self, random: &mut Random, counts: &mut Counts, next: &mut Next) {
        let step = self.session.step();
        let were_started = std::mem::replace(&mut self.are_tools_started, step == Step::RunTools);
        match step {
            Step::Idle => {
                counts.add("turns");
                next.clear();
                self.era += 1;
                self.turns_left -= 1;
                if self.turns_left > 0 {
                    next.push((random.below(60_000) as u64, Happening::Speak));
                }
            }
            Step::Send => {
                self.check_request(counts);
                next.push((20 + random.below(3000) as u64, Happening::Head));
            }
            // A server that falls silent is given up.
            Step::Receive if random.once_in(500) => next.push((300_000, Happening::Cancel)),
            Step::Receive => next.push((random.below(200) as u64, Happening::Bytes)),
            Step::RunTools if !were_started => {
                for call in self.session.pending_calls() {
                    let slow = if random.once_in(10) { 600_000 } else { 5000 };
                    let done = Happening::Tool(call.id.number());
                    next.push((random.below(slow) as u64, done));
                }
            }
            Step::RunTools => {}
            Step::Wait { millis } => {
                counts.add("waits");
                let most = self.session.config().limits.retry_max_ms;
                let asked = self.retry_after_ms.unwrap_or(0).min(most);
                assert!((asked..=most).contains(&millis), "asked for {asked}, waits {millis}");
                next.push((millis.into(), Happening::WaitOver));
            }
            step => panic!("{step:?} is nothing to stand in"),
        }
    }

    fn speak(&mut self, random: &mut Random, counts: &mut Counts) {
        if random.once_in(6) && self.session.instruct(&random.text(6)).is_ok() {
            counts.add("instructions");
        }
        if random.once_in(12) && self.session.compact(&random.text(3), random.below(3)).is_ok() {
            counts.add("compactions by hand");
            self.before = None;
        }
        self.attempts = 0;
        if let Err(error) = self.session.user(&random.text(60)) {
            assert_eq!(error.kind(), ErrorKind::Full);
            counts.add("full at the user's word");
            // So that the next turn may have room.
            let _ = self.session.drop_oldest();
            self.before = None;
        }
    }

    fn check_request(&mut self, counts: &mut Counts) {
        counts.add("requests");
        let body = body::valid(&self.session);
        if self.session.config().dialect() == Dialect::Anthropic {
            Lists::check_marks(&body);
        }
        let lists = Lists::of(&body);
        if let Some(before) = &self.before {
            assert!(before.is_prefix_of(&lists), "the cache is lost:\n{before:?}\n{lists:?}");
            counts.add("requests that the cache serves");
        }
        self.before = Some(lists);
    }

    fn head(
        &mut self,
        now_ms: u64,
        service: &mut Service,
        random: &mut Random,
        counts: &mut Counts,
    ) {
        self.attempts += 1;
        let config = self.session.config();
        assert!(self.attempts <= config.limits.max_attempts, "{} attempts", self.attempts);
        let all = Says::random(random);
        let by_words = match config.tool_mode {
            ToolMode::Native => false,
            ToolMode::Lenient => random.once_in(2),
            _ => true,
        };
        let says = if by_words { all.in_words(config.tool_mode) } else { all };
        (self.came, self.heard) = (0, Heard::default());
        self.answer = service.answer(config.dialect(), says, now_ms, random, counts);
        self.retry_after_ms = self.answer.as_ref().and_then(|answer| answer.retry_after_ms);
        match &self.answer {
            Some(answer) => {
                let begun = self.session.begin_response(answer.status, answer.retry_after_ms);
                begun.expect("the step is Send");
            }
            None => self.end(counts),
        }
    }

    fn bytes(&mut self, random: &mut Random, counts: &mut Counts) {
        let Self { session, answer, came, heard, .. } = self;
        let body = answer.as_ref().map_or(&[][..], |answer| &answer.body);
        let longest = *random.one_of(&[8, 64, 4096]);
        let end = (*came + 1 + random.below(longest)).min(body.len());
        let mut rest = &body[*came..end];
        *came = end;
        let mut failed = None;
        while !rest.is_empty() && session.step() == Step::Receive {
            match session.feed(rest) {
                Ok(fed) => {
                    rest = &rest[fed.used..];
                    fed.event.iter().for_each(|event| heard.take(event));
                }
                Err(error) => failed = Some(error.kind()),
            }
        }
        let is_over = *came == body.len() || (session.is_reply_complete() && random.once_in(2));
        if let Some(kind) = failed {
            self.failed(kind, counts);
        } else if is_over && session.step() == Step::Receive {
            self.end(counts);
        }
    }

    /// The body is over, or there was none.
    fn end(&mut self, counts: &mut Counts) {
        loop {
            let was_own = self.session.is_compacting();
            match self.session.end_response() {
                Ok(Event::Recovered { calls }) => {
                    counts.add("replies whose text held calls");
                    assert!(!was_own);
                    self.heard.recovered = Some(calls);
                }
                Ok(Event::End(_)) => {
                    counts.add("replies");
                    self.attempts = 0;
                    let says = self.answer.take().and_then(|answer| answer.says);
                    if let Some(says) = says {
                        checks::is_what_was_sent(&self.session, &self.heard, &says);
                    }
                    return;
                }
                Ok(Event::Restart) => return counts.add("restarts"),
                Ok(Event::Truncated { .. } | Event::SummaryFailed(_)) => {
                    assert!(was_own);
                    counts.add("summaries");
                    (self.attempts, self.before) = (0, None);
                    return;
                }
                // The reply was not a summary: it is requested once more.
                Ok(Event::Compacting) => {
                    assert!(was_own);
                    counts.add("summaries asked again");
                    self.attempts = 0;
                    return;
                }
                Ok(event) => panic!("{event:?} at the end of a response"),
                Err(error) => return self.failed(error.kind(), counts),
            }
        }
    }

    /// The turn failed, or room must be made.
    fn failed(&mut self, kind: ErrorKind, counts: &mut Counts) {
        use ErrorKind::{BadResponse, Cut, Full, Limit, Status, TooLong, Truncated, Unreachable};
        let known = [BadResponse, Cut, Full, Limit, Status, TooLong, Truncated, Unreachable];
        assert!(known.contains(&kind), "{kind:?}");
        counts.add(kind.name());
        self.before = None;
        let is_over = matches!(self.session.step(), Step::Idle | Step::MakeRoom { .. });
        assert!(is_over, "{kind:?} leads to {:?}", self.session.step());
        assert_eq!(self.session.failure().map(|failure| failure.error.kind()), Some(kind));
    }

    fn tool(&mut self, id: CallId, random: &mut Random, counts: &mut Counts) {
        counts.add("tool results");
        let content = random.text(60);
        let most = self.session.config().limits.max_result_bytes as usize;
        let result = ToolResult { id, content: &content, is_error: random.once_in(4) };
        match self.session.tool_result(result) {
            Ok(left_out) => assert_eq!(left_out > 0, content.len() > most),
            Err(error) if error.kind() == ErrorKind::Full => {
                counts.add("full at a result");
                self.before = None;
                self.session.abort();
            }
            // The rounds of the turn are used up.
            Err(error) => self.failed(error.kind(), counts),
        }
    }

    fn make_room(&mut self, random: &mut Random, counts: &mut Counts) {
        let policy = self.session.config().limits.room;
        while matches!(self.session.step(), Step::MakeRoom { .. }) {
            counts.add("times that room was made");
            (self.before, self.attempts) = (None, 0);
            let bytes = self.session.snapshot().len();
            let made = match policy {
                RoomPolicy::Ask if random.once_in(3) => {
                    self.session.compact(&random.text(3), random.below(3))
                }
                RoomPolicy::Ask => self.session.drop_oldest().map(|_| ()),
                _ => self.session.make_room().map(|_| ()),
            };
            let is_less = self.session.snapshot().len() < bytes || self.session.is_compacting();
            if made.is_err() && matches!(self.session.step(), Step::MakeRoom { .. }) {
                self.session.abort();
            } else {
                assert!(is_less || made.is_err() || policy == RoomPolicy::Ask, "no room was made");
            }
        }
    }
}

fn config(random: &mut Random) -> SessionConfig<'static> {
    let dialect = *random.one_of(Dialect::ALL);
    let has_schema = matches!(dialect, Dialect::OpenAiChat | Dialect::Ollama);
    let modes = &ToolMode::ALL[..if has_schema { 4 } else { 3 }];
    let context_tokens = if random.once_in(2) { 0 } else { 400 + random.below(400) as u32 };
    SessionConfig {
        system: random.one_of::<&str>(&["", "Be \"brief\"."]),
        tools: &TOOLS[..random.below(3)],
        tool_mode: if random.once_in(2) { ToolMode::Native } else { *random.one_of(modes) },
        limits: Limits {
            reply_bytes: 48,
            max_output_tokens: 40,
            context_tokens,
            high_water_tokens: if random.once_in(2) { 0 } else { context_tokens / 5 * 3 },
            max_attempts: 1 + random.below(4) as u8,
            max_rounds: 1 + random.below(8) as u16,
            max_result_bytes: *random.one_of(&[60, 64 * 1024]),
            seed: random.any() as u32,
            room: *random.one_of(RoomPolicy::ALL),
            failed_turn: *random.one_of(&[FailedTurn::Keep, FailedTurn::TakeOut]),
            ..Limits::DEFAULT
        },
        ..SessionConfig::new(dialect, "m")
    }
}
