//! `fillwatch demo`: a fleet that does not exist, watched live.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fillwatch_decode::Mapping;
use fillwatch_model::{Micros, SourceId};
use fillwatch_serve::{Observer, Settings, Trouble};
use fillwatch_simulate::{Fleet, FleetOptions, Incident, IncidentKind, Truth};
use fillwatch_tail::{Event, Source};

use crate::asker::Asker;
use crate::context::Context;
use crate::demo::closing::{self, Played};
use crate::demo::place::Place;
use crate::demo::player::{Player, Times};
use crate::demo::view::View;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::screen::Screen;
use crate::{logging, news};

const EXAMPLES: &str = "\
Examples:
  fillwatch demo
  fillwatch demo --seconds 20 --seed 7
  fillwatch demo --keep demo                      # and ask it more afterwards";

/// Watch a simulated fleet of bots for a minute
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// How long it plays, in seconds
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u64).range(5..=86_400))]
    seconds: u64,
    /// What the fleet lives through
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Play in this directory and leave it there [default: a temporary one, removed at the end]
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// Lines a second: lively, and still to be read along.
const LINES_PER_SECOND: f64 = 300.0;

const SECOND: Micros = 1_000_000;

/// How often the view is drawn.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let place = Place::choose(args.keep.as_deref())?;
    let screen = Screen::new(context);
    logging::start(context, &screen);
    let played = context.runtime.block_on(async {
        let interrupt = Interrupt::listen()?;
        let demo = Demo { context, place: &place, screen: &screen, interrupt: &interrupt };
        let played = demo.play(args).await?;
        screen.clear();
        let asker = Asker::of(place.store(), Arc::clone(&context.clock))?;
        let layout = context.terminal.layout();
        let text = closing::text(&asker, &played, &place, &layout).await?;
        io::stdout().write_all(text.as_bytes())?;
        Ok::<_, Failure>(interrupt.was_asked())
    });
    screen.clear();
    if played? { Err(Failure::Interrupted) } else { Ok(ExitCode::Ok) }
}

/// What it is played with.
struct Demo<'a> {
    context: &'a Context,
    place: &'a Place,
    screen: &'a Screen,
    interrupt: &'a Interrupt,
}

impl Demo<'_> {
    /// Plays the fleet while a watch reads it and a view asks.
    async fn play(&self, args: &Args) -> Result<Played, Failure> {
        let done = Interrupt::default();
        let watch = fillwatch_serve::watch(
            self.settings()?,
            Arc::clone(&self.context.clock),
            done.clone().asked(),
            Arc::new(News(self.screen.clone())),
        );
        let asker = Asker::of(self.place.store(), Arc::clone(&self.context.clock))?;
        let mut view = View::new(&asker, self.context.terminal.layout());
        let player = self.start(args)?;
        let look = async {
            let looked = self.look_on(&mut view, player).await;
            done.ask();
            looked
        };
        let (report, truth) = tokio::join!(watch, look);
        Ok(Played { report: report?, truth: truth?, latencies: view.latencies() })
    }

    fn settings(&self) -> Result<Settings, Failure> {
        let source = Source::new(SourceId(0), &self.place.logs().to_string_lossy(), &[]);
        let sources = vec![source.map_err(Failure::failed)?];
        Ok(Settings::new(self.place.store(), sources, Arc::from([Mapping::default()])))
    }

    fn start(&self, args: &Args) -> Result<Player, Failure> {
        let start = self.context.clock.now();
        let length =
            Micros::try_from(args.seconds).unwrap_or(Micros::MAX).saturating_mul(1_000_000);
        let fleet = Fleet::new(fleet(args.seed, start, length)).map_err(Failure::failed)?;
        let times = Times { rotate: start + length / 2, until: start + length };
        Ok(Player::start(self.place.logs(), fleet, times, Arc::clone(&self.context.clock)))
    }

    /// Looks once a second until the fleet is done and all of it was seen, or Ctrl-C.
    async fn look_on(&self, view: &mut View<'_>, player: Player) -> Result<Truth, Failure> {
        view.wait_for_store().await?;
        loop {
            let over = player.is_over();
            self.screen.block(view.look(player.written()).await?);
            if over {
                return player.truth();
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_INTERVAL) => {}
                () = self.interrupt.clone().asked() => player.stop(),
            }
        }
    }
}

/// One bot of each system, and a bad day for some.
fn fleet(seed: u64, start: Micros, length: Micros) -> FleetOptions {
    let incident = |kind, bot: &str, from: Micros, until: Micros| Incident {
        kind,
        bot: bot.to_owned(),
        at: length / SECOND * from / 100 * SECOND,
        until: length / SECOND * until / 100 * SECOND,
    };
    FleetOptions {
        lines_per_second: Some(LINES_PER_SECOND),
        incidents: vec![
            incident(IncidentKind::RejectStorm, "mm1", 15, 35),
            incident(IncidentKind::Drawdown, "gold1", 30, 60),
            incident(IncidentKind::PositionBreach, "mm1", 50, 75),
            incident(IncidentKind::HeartbeatLoss, "agent1", 60, 90),
        ],
        ..FleetOptions::one_of_each(seed, start)
    }
}

/// Tells what happens to the logs, above the view.
struct News(Screen);

impl Observer for News {
    fn event(&self, event: &Event) {
        let (weight, line) = news::tell(event);
        if self.0.says(weight) {
            self.0.line(&line);
        }
    }

    fn trouble(&self, trouble: &Trouble<'_>) {
        self.0.line(&news::trouble(trouble));
    }
}
