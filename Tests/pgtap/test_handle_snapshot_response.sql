-- etl_api.handle_snapshot_response: jobs that somebody else has submitted and names here (spec 11.2.1): their exchanges wait for them.
begin;
\ir fixtures/catalogue.sql
select no_plan();

insert into public.run_queue (org_id, id, activity_request_id, source_id, position, state)
values (:org_a, 'a0000000-0000-7000-8000-0000000000a1', :request_a, :source_a, 0, 'ready');
insert into public.run_request (org_id, id, source_id, run_ids, state, attempt)
values (:org_a, 'a0000000-0000-7000-8000-0000000000a2', :source_a, array['a0000000-0000-7000-8000-0000000000a1']::uuid[], 'in_progress', 1);
update public.run_queue set state = 'in_progress', attempt = 1, run_request_id = 'a0000000-0000-7000-8000-0000000000a2'
where id = 'a0000000-0000-7000-8000-0000000000a1';
-- Whatever source the row says: the job is one of the run's own.
insert into public.snapshot_run_rel (org_id, snapshot_id, run_id, source_id)
values (:org_a, 'job-1', 'a0000000-0000-7000-8000-0000000000a1', :source_b);
select results_eq(
    'select source_id, phase, external_id from public.external_job',
    $$values ('a0000000-0000-7000-8000-000000000003'::uuid, 'polling', 'job-1')$$,
    'a job that is named for a run is polled at the source of that run');
select is(state || ' ' || state_substate, 'waiting external_job', 'its exchange waits for it') from public.run_request;
select is(state || ' ' || state_substate || ' ' || due_at, 'waiting external_job infinity', 'and so does the run') from public.run_queue;
select results_eq(
    $$select h.entity::text, h.to_state, h.substate from public.state_history as h
      where h.entity_id in ('a0000000-0000-7000-8000-0000000000a1', 'a0000000-0000-7000-8000-0000000000a2') and h.substate = 'external_job' order by 1$$,
    $$values ('run_queue', 'waiting', 'external_job'), ('run_request', 'waiting', 'external_job')$$, 'which the history tells of both');

-- Another name for the same exchange, a run of nobody, and one of another organization: no job comes of them.
insert into public.snapshot_run_rel (org_id, snapshot_id, run_id, source_id) values
    (:org_a, 'job-2', 'a0000000-0000-7000-8000-0000000000a1', :source_a),
    (:org_a, 'job-3', 'a0000000-0000-7000-8000-0000000000dd', :source_a),
    (:org_b, 'job-4', 'a0000000-0000-7000-8000-0000000000a1', :source_b);
select is(array_agg(external_id), array['job-1'], 'one job remains') from public.external_job;

-- Whatever takes the insert back takes the waiting back.
insert into public.run_queue (org_id, id, activity_request_id, source_id, position, state)
values (:org_a, 'a0000000-0000-7000-8000-0000000000b1', :request_a, :source_a, 1, 'ready');
insert into public.run_request (org_id, id, source_id, run_ids, state, attempt)
values (:org_a, 'a0000000-0000-7000-8000-0000000000b2', :source_a, array['a0000000-0000-7000-8000-0000000000b1']::uuid[], 'in_progress', 1);
update public.run_queue set state = 'in_progress', attempt = 1, run_request_id = 'a0000000-0000-7000-8000-0000000000b2'
where id = 'a0000000-0000-7000-8000-0000000000b1';
savepoint named;
insert into public.snapshot_run_rel (org_id, snapshot_id, run_id, source_id)
values (:org_a, 'job-5', 'a0000000-0000-7000-8000-0000000000b1', :source_a);
select is(state::text, 'waiting', 'it waits') from public.run_queue where id = 'a0000000-0000-7000-8000-0000000000b1';
rollback to savepoint named;
select is(state::text, 'in_progress', 'and goes on as it was') from public.run_queue where id = 'a0000000-0000-7000-8000-0000000000b1';
select is(count(*), 1::bigint, 'without a job') from public.external_job;
select * from finish();
rollback;
