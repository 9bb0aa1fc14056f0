-- Reasons that say the same of different objects, as one.

-- migrate:up

set local role weir_owner;

create function utils.reason_pattern(p_reason text) returns text
    language sql immutable strict parallel safe
    set search_path = pg_catalog, pg_temp
as $$
    select regexp_replace(
        -- An apostrophe inside of a word is no quotation mark.
        regexp_replace(p_reason, '(?<![[:alnum:]])''.*?''(?![[:alnum:]])', '…', 'g'),
        '\d+(\.\d+)?([eE][-+]?\d+)?', '#', 'g')
$$;
comment on function utils.reason_pattern(text) is
    'A reason without what differs from object to object: quoted texts and numbers. Reasons of one pattern are shown as one.';
grant execute on function utils.reason_pattern(text) to weir_service;

-- migrate:down

set local role weir_owner;
drop function utils.reason_pattern(text);
