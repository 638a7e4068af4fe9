use proptest::prelude::*;

use super::*;
use crate::snapshot::{GateKind, Live};

const NOW: Millis = 1_790_000_000_000;

fn success(at: Millis, elapsed: u64) -> Observation {
    let outcome = Outcome::Success;
    Observation { at, work: 1000, elapsed, cold_start: None, at_once: 1, outcome, estimated: None, charged: None }
}

fn failure(at: Millis, class: Class) -> Observation {
    let outcome = Outcome::Failure { class, retry_after: None, too_many_at_once: false };
    Observation { outcome, ..success(at, 100) }
}

fn asks(at: Millis, class: Class, wait: u64) -> Observation {
    let outcome = Outcome::Failure { class, retry_after: Some(wait), too_many_at_once: false };
    Observation { outcome, ..success(at, 100) }
}

fn crowd(at: Millis, at_once: u32) -> Observation {
    let outcome = Outcome::Failure { class: Class::RateLimited, retry_after: None, too_many_at_once: true };
    Observation { outcome, at_once, ..success(at, 100) }
}

fn live(model: &ModelSignals, provider: &ProviderSignals, now: Millis) -> Live {
    let mut live = Live { max_in_flight: 8, ..Live::default() };
    model.fill(now, 1000, &mut live);
    provider.fill(now, &mut live);
    live
}

fn gates(model: &ModelSignals, provider: &ProviderSignals, now: Millis) -> Vec<GateKind> {
    live(model, provider, now).gates.iter().map(|gate| gate.kind).collect()
}

#[test]
fn nothing_learned_is_nothing_said() {
    let unknown = Live { max_in_flight: 8, ..Live::default() };
    assert_eq!(live(&ModelSignals::default(), &ProviderSignals::default(), NOW), unknown);
    assert_eq!(serde_json::to_string(&ModelSignals::default()).unwrap(), "{}");
    assert_eq!(serde_json::to_string(&ProviderSignals::default()).unwrap(), "{}");
}

#[test]
fn a_row_of_another_version_is_read() {
    let row = r#"{"last":5,"success":{"good":3000000,"colour":"red"},"mood":[1]}"#;
    let model: ModelSignals = serde_json::from_str(row).unwrap();
    let mut live = Live::default();
    model.fill(0, 1000, &mut live);
    assert_eq!((live.last, live.calls), (Some(5), 3));
    let provider: ProviderSignals = serde_json::from_str(r#"{"starts":[3,1,2],"more":{}}"#).unwrap();
    provider.fill(0, &mut live);
    assert_eq!(live.cold_start, Some(2));
}

#[test]
fn a_slowdown_is_seen_with_the_first_call_and_a_recovery_with_the_second_try() {
    let mut model = ModelSignals::default();
    let expected = |model: &ModelSignals, now| live(model, &ProviderSignals::default(), now).latency.unwrap().expected;
    (0..20).for_each(|i| model.observe(&success(NOW + i * 400, 400)));
    assert_eq!(expected(&model, NOW + 8000), 400);
    model.observe(&success(NOW + 16_000, 8000));
    assert_eq!(expected(&model, NOW + 16_000), 8000);
    for tries in 1..=2 {
        model.observe(&success(NOW + 16_000 + tries * 40_000, 400));
    }
    assert_eq!(expected(&model, NOW + 96_000), 400);
}

#[test]
fn failing_fast_is_not_being_fast_and_a_timeout_is_slow() {
    let mut model = ModelSignals::default();
    model.observe(&failure(NOW, Class::Upstream));
    assert_eq!(live(&model, &ProviderSignals::default(), NOW).latency, None);
    model.observe(&success(NOW, 3000));
    model.observe(&failure(NOW + 1, Class::Upstream));
    model.observe(&Observation { elapsed: 60_000, ..failure(NOW + 2, Class::Timeout) });
    let live = live(&model, &ProviderSignals::default(), NOW + 2);
    assert_eq!(live.latency.map(|latency| (latency.expected, latency.samples)), Some((60_000, 2)));
    assert_eq!((live.success, live.calls, live.last), (714_285, 4, Some(NOW + 2)));
}

#[test]
fn what_is_nobodys_fault_changes_nothing() {
    let (mut model, mut provider) = (ModelSignals::default(), ProviderSignals::default());
    for class in [Class::InvalidInput, Class::ContentPolicy, Class::Cancelled] {
        (0..20).for_each(|_| model.observe(&failure(NOW, class)));
        (0..20).for_each(|_| provider.observe(&failure(NOW, class)));
    }
    assert_eq!(serde_json::to_string(&model).unwrap(), format!(r#"{{"last":{NOW}}}"#));
    assert_eq!(provider, ProviderSignals::default());
}

#[test]
fn the_breaker_is_the_models_and_lets_one_probe_pass() {
    let (mut model, provider) = (ModelSignals::default(), ProviderSignals::default());
    (0..5).for_each(|_| model.observe(&failure(NOW, Class::Upstream)));
    assert_eq!(gates(&model, &provider, NOW), [GateKind::Breaker]);
    assert_eq!(model.admit(NOW + 9999), Admission::Refused);
    assert_eq!(gates(&model, &provider, NOW + 10_000), []);
    let permit = model.admit(NOW + 10_000);
    assert_eq!(permit, Admission::Probe);
    assert_eq!(gates(&model, &provider, NOW + 10_001), [GateKind::Breaker]);
    model.withdraw(permit, NOW + 10_002);
    assert_eq!(model.admit(NOW + 10_003), Admission::Probe);
    model.observe(&success(NOW + 11_000, 900));
    assert_eq!(model.admit(NOW + 11_001), Admission::Probe);
    model.observe(&success(NOW + 12_000, 900));
    assert_eq!(model.admit(NOW + 12_001), Admission::Normal);
}

#[test]
fn crashes_are_the_supervisors_affair_but_count() {
    let mut model = ModelSignals::default();
    (0..20).for_each(|_| model.observe(&failure(NOW, Class::Crashed)));
    assert_eq!(model.admit(NOW), Admission::Normal);
    assert_eq!(live(&model, &ProviderSignals::default(), NOW).success, 300_000);
}

#[test]
fn a_rate_is_the_providers_and_a_full_model_its_own() {
    let (mut model, mut provider) = (ModelSignals::default(), ProviderSignals::default());
    let limited = asks(NOW, Class::RateLimited, 2000);
    model.observe(&limited);
    provider.observe(&limited);
    assert_eq!(live(&model, &provider, NOW).success, 900_000);
    assert_eq!((model.admit(NOW), provider.admit(NOW)), (Admission::Normal, Admission::Refused));
    assert_eq!(provider.admit(NOW + 2000), Admission::Normal);
    let full = asks(NOW + 2000, Class::Capacity, 5000);
    model.observe(&full);
    provider.observe(&full);
    assert_eq!((model.admit(NOW + 2000), provider.admit(NOW + 2000)), (Admission::Refused, Admission::Normal));
    assert_eq!(gates(&model, &provider, NOW + 2000), [GateKind::Rate]);
    assert_eq!(model.admit(NOW + 7000), Admission::Normal);
}

#[test]
fn a_key_that_never_worked_closes_the_provider_and_a_model_that_it_does_not_cover_only_that() {
    let (mut model, mut provider) = (ModelSignals::default(), ProviderSignals::default());
    provider.observe(&failure(NOW, Class::Auth));
    assert_eq!(gates(&model, &provider, NOW), [GateKind::Config]);
    provider.configured(NOW + 1000);
    assert_eq!(provider.admit(NOW + 1000), Admission::Normal);
    provider.observe(&success(NOW + 3000, 500));
    let refused = failure(NOW + 4000, Class::Auth);
    model.observe(&refused);
    provider.observe(&refused);
    assert_eq!((model.admit(NOW + 4000), provider.admit(NOW + 4000)), (Admission::Refused, Admission::Normal));
    provider.observe(&failure(NOW + 5000, Class::Quota));
    assert_eq!(provider.admit(NOW + 5000), Admission::Refused);
    assert_eq!(provider.admit(NOW + 305_000), Admission::Probe);
    provider.observe(&success(NOW + 306_000, 500));
    assert_eq!(provider.admit(NOW + 306_000), Admission::Normal);
    model.configured(NOW + 306_000);
    assert_eq!(model.admit(NOW + 306_000), Admission::Normal);
}

#[test]
fn too_many_at_once_lowers_the_limit_and_closes_no_gate() {
    let (model, mut provider) = (ModelSignals::default(), ProviderSignals::default());
    provider.observe(&crowd(NOW, 5));
    let known = live(&model, &provider, NOW);
    assert_eq!((known.max_in_flight, known.gates.len(), provider.learned_limit()), (4, 0, Some(4)));
    provider.observe(&crowd(NOW, 1));
    assert_eq!(gates(&model, &provider, NOW), [GateKind::Rate], "others use the account too");
    provider.configured(NOW);
    assert_eq!(provider.learned_limit(), None);
}

#[test]
fn the_start_is_the_median_of_the_last_nine() {
    let mut provider = ProviderSignals::default();
    let start = |took| Observation { cold_start: Some(took), ..success(NOW, 10) };
    (0..9).for_each(|_| provider.observe(&start(u64::MAX)));
    (1..=5).for_each(|i| provider.observe(&start(i * 100)));
    provider.observe(&Observation { cold_start: Some(1), ..failure(NOW, Class::Crashed) });
    assert_eq!(live(&ModelSignals::default(), &provider, NOW).cold_start, Some(500));
}

#[test]
fn a_charge_corrects_what_is_expected() {
    let mut model = ModelSignals::default();
    let charged = |nanos| Observation {
        estimated: Some(Money::from_nanos(1000)),
        charged: Some(Money::from_nanos(nanos)),
        ..success(NOW, 10)
    };
    model.observe(&charged(2000));
    assert_eq!(live(&model, &ProviderSignals::default(), NOW).correction, 1250);
    model.observe(&Observation { outcome: failure(NOW, Class::Upstream).outcome, ..charged(0) });
    assert_eq!(live(&model, &ProviderSignals::default(), NOW).correction, 1250);
}

fn any_class() -> impl Strategy<Value = Class> {
    use Class::{Auth, Cancelled, Capacity, Crashed, InvalidInput, Quota, RateLimited, Timeout, Upstream};
    prop::sample::select(vec![Auth, Cancelled, Capacity, Crashed, InvalidInput, Quota, RateLimited, Timeout, Upstream])
}

/// Any number, and often one of those at which something might break.
fn any_number() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), Just(1), Just(u64::MAX), 0..100_000_u64, NOW..NOW + 10_000_000, any::<u64>()]
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    let failure = (any_class(), prop::option::of(any_number()), any::<bool>())
        .prop_map(|(class, retry_after, too_many_at_once)| Outcome::Failure { class, retry_after, too_many_at_once });
    prop_oneof![Just(Outcome::Success), failure]
}

fn any_observation() -> impl Strategy<Value = Observation> {
    let money = || prop::option::of(any_number().prop_map(Money::from_nanos));
    let numbers = (any_number(), any_number(), any_number(), prop::option::of(any_number()));
    (numbers, any::<u32>(), any_outcome(), money(), money()).prop_map(
        |((at, work, elapsed, cold_start), at_once, outcome, estimated, charged)| Observation {
            at,
            work,
            elapsed,
            cold_start,
            at_once,
            outcome,
            estimated,
            charged,
        },
    )
}

fn after(observations: &[Observation], asked: Millis) -> (ModelSignals, ProviderSignals) {
    let (mut model, mut provider) = (ModelSignals::default(), ProviderSignals::default());
    for (i, observation) in observations.iter().enumerate() {
        let now = if i % 2 == 0 { asked } else { observation.at };
        let permits = (model.admit(now), provider.admit(now));
        if i % 3 == 0 {
            model.withdraw(permits.0, asked);
            provider.withdraw(permits.1, asked);
        }
        if i % 17 == 16 {
            provider.configured(asked);
            model.configured(asked);
        }
        model.observe(observation);
        provider.observe(observation);
    }
    (model, provider)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_calls_leave_a_state_that_is_small_and_sane(
        observations in prop::collection::vec(any_observation(), 0..200),
        asked in any_number(),
        work in any_number(),
    ) {
        let (model, provider) = after(&observations, asked);
        let mut live = Live::default();
        model.fill(asked, work, &mut live);
        provider.fill(asked, &mut live);
        prop_assert!(live.success <= 1_000_000);
        prop_assert!((250..=4000).contains(&live.correction));
        prop_assert!(live.max_in_flight >= 1);
        prop_assert!(live.latency.is_none_or(|known| known.p50 <= known.p95 && known.expected >= 1));
        let rows = (serde_json::to_string(&model).unwrap(), serde_json::to_string(&provider).unwrap());
        prop_assert!(rows.0.len() < 32 * 1024 && rows.1.len() < 1024, "{} {}", rows.0.len(), rows.1.len());
        prop_assert_eq!(&serde_json::from_str::<ModelSignals>(&rows.0).unwrap(), &model);
        prop_assert_eq!(&serde_json::from_str::<ProviderSignals>(&rows.1).unwrap(), &provider);
    }

    #[test]
    fn whatever_happened_some_hours_of_good_calls_make_it_good_again(
        observations in prop::collection::vec(any_observation(), 0..100),
        asked in any_number(),
    ) {
        let (mut model, mut provider) = after(&observations, asked);
        for minute in 0..300 {
            let now = NOW + minute * 60_000;
            let permits = (model.admit(now), provider.admit(now));
            if permits.0 == Admission::Refused || permits.1 == Admission::Refused {
                model.withdraw(permits.0, now);
                provider.withdraw(permits.1, now);
                continue;
            }
            model.observe(&success(now + 500, 500));
            provider.observe(&success(now + 500, 500));
        }
        let live = live(&model, &provider, NOW + 300 * 60_000);
        prop_assert_eq!(live.gates, []);
        prop_assert!(live.success > 900_000, "{}", live.success);
        prop_assert_eq!(live.latency.map(|known| known.expected), Some(500));
    }
}
