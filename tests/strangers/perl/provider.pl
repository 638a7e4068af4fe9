#!/usr/bin/env perl
# perl-text, a provider for the Prizm Plugin Protocol 1.0: it reverses texts and paints swatches.
# One process, one event loop: stdin and stdout never block, and jobs advance in slices of 20 ms.
use v5.36;
use B ();
use Compress::Zlib qw(compress crc32);
use Cwd qw(abs_path);
use Fcntl qw(O_CREAT O_EXCL O_NOFOLLOW O_WRONLY);
use IO::Select ();
use JSON::PP ();
use List::Util qw(max min);
use POSIX qw(EAGAIN EINTR ENOSPC);
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

use constant {
    FRAME_LIMIT => 8 * 1024 * 1024,       # what is read (CH-11); the host says what may be written
    MAX_JOBS    => 8, MAX_QUEUE => 64,
    SLICE       => 0.02, BEAT => 0.2,     # seconds that a job works before others get their turn; between looks at one that waits
    GRACE       => 2,                     # seconds that jobs may take to finish after `shutdown`
};

# ---------------------------------------------------------------- what is declared
my ($true, $false) = (JSON::PP::true, JSON::PP::false);

sub model ($id, $name, $description, $capability, $properties, @more) {
    my $options = { type => 'object', properties => $properties, additionalProperties => $false };
    return ($id => { id => $id, name => $name, description => $description, capabilities => [$capability],
                     options => { $capability => $options }, isFree => $true, @more });
}
my %MODELS = (
    model('reverse', 'Reverse', 'Reverses a text by characters or by words.', 'text-to-text', {
        words   => { type => 'boolean', default => $false, description => 'Reverse the order of the words instead of the characters.' },
        delayMs => { type => 'integer', default => 0, minimum => 0, maximum => 60000, description => 'How many milliseconds to wait.' },
    }),
    model('swatch', 'Swatch', 'Paints a square PNG of a colour such as #ff8800.', 'text-to-image', {
        size => { type => 'integer', default => 64, minimum => 1, maximum => 1024, description => 'The width and height in pixels.' },
    }, outputFormats => ['image/png']),
);
my @MODELS      = @MODELS{qw(reverse swatch)};
my %DECLARATION = (
    protocolVersion => '1.0', provider => { id => 'perl-text', name => 'Perl text', version => '1.0.0', type => 'local' },
    capabilities => ['text-to-text', 'text-to-image'], models => \@MODELS,
    limits => { maxInFlight => MAX_JOBS }, liveness => 'ping', cancel => 'cooperative',
);
my %ERRORS = (    # code => [name, retryable]
    1001 => ['NotInitialized', 0],  1002 => ['UnsupportedProtocolVersion', 0], 1003 => ['CapabilityNotDeclared', 0],
    1005 => ['ConfigInvalid', 0],   1006 => ['ModelNotFound', 0],              1101 => ['DeadlineExceeded', 1],
    1102 => ['RateLimited', 1],     1103 => ['ResourceExhausted', 1],          1203 => ['InvalidMedia', 0],
    1205 => ['FrameTooLarge', 0],
);

# ---------------------------------------------------------------- the state
my $JSON      = JSON::PP->new->utf8->canonical->allow_nonref;
my $state     = 'started';              # initialized, draining
my $max_frame = FRAME_LIMIT;            # the host's limits.maxFrameBytes
my ($in, $scanned) = ('', 0);           # bytes read and not yet a line, and how many of them hold no LF
my ($skipping, $framed) = (0, 0);       # a line over the limit is being discarded; there has been a frame
my $out = '';                           # bytes not yet written
my (%jobs, @queue);                     # every unanswered job by id; the ids of those that have not begun
my (@shutdown, $drained_by);            # the ids of `shutdown` to answer, and when to stop waiting for jobs
my ($born, $quit) = (now(), 0);

sub now { clock_gettime(CLOCK_MONOTONIC) }
sub complain ($text) { print STDERR substr($text =~ s/\s+/ /gr, 0, 1000), "\n" }
sub clip ($text) { length $text > 100 ? substr($text, 0, 100) . '…' : $text }
sub failure ($code, $message, %data) { die { code => $code, message => $message, data => \%data } }

# ---------------------------------------------------------------- JSON: JSON::PP needs seconds to read a megabyte
my %ESCAPE = ('"' => '"', '\\' => '\\', '/' => '/', b => "\b", f => "\f", n => "\n", r => "\r", t => "\t");

sub parse ($text) {
    my $value = parse_value(\$text, 0);
    return $text =~ /\G[ \t\r\n]*\z/gc ? $value : die "text after the value\n";
}

sub parse_value ($r, $depth) {
    die "too deep\n" if $depth > 200;
    $$r =~ /\G[ \t\r\n]+/gc;
    return parse_string($r) if $$r =~ /\G"/gc;
    if ($$r =~ /\G([\[{])[ \t\r\n]*/gc) {
        my ($is_object, @list) = $1 eq '{';
        my $end = $is_object ? qr/\G[ \t\r\n]*\}/ : qr/\G[ \t\r\n]*\]/;
        until ($$r =~ /$end/gc) {
            die "no comma\n" if @list && $$r !~ /\G[ \t\r\n]*,/gc;
            if ($is_object) {
                push @list, $$r =~ /\G[ \t\r\n]*"/gc ? parse_string($r) : die "no key\n";
                die "no colon\n" if $$r !~ /\G[ \t\r\n]*:/gc;
            }
            push @list, parse_value($r, $depth + 1);
        }
        return $is_object ? {@list} : \@list;
    }
    return 0 + $1 if $$r =~ /\G(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)/gc;
    return $1 eq 'true' ? $true : $false if $$r =~ /\G(true|false)/gc;
    return undef  if $$r =~ /\Gnull/gc;
    die "no value\n";
}

sub parse_string ($r, $string = "") {
    while ($$r =~ m{\G((?:[^"\\\x00-\x1f]++|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4}){1,10000}+)}gc) { $string .= $1 }
    $$r =~ /\G"/gc or die "a bad string\n";
    $string =~ s{\\(?:(["\\/bfnrt])|u([dD][89abAB]..)\\u([dD][c-fC-F]..)|u(....))}{
        defined $1 ? $ESCAPE{$1} : defined $2 ? chr(0x10000 + ((hex($2) & 0x3ff) << 10) + (hex($3) & 0x3ff))
      : hex($4) >= 0xd800 && hex($4) < 0xe000 ? "\x{fffd}" : chr hex $4 }ge if index($string, '\\') >= 0;
    return $string;
}

sub from_utf8 ($text) {    # Encode's strict UTF-8 refuses U+FFFF, which is Unicode as well
    return utf8::decode($text) && $text !~ /[\x{d800}-\x{dfff}]|[^\x{0}-\x{10ffff}]/ ? $text : die "no UTF-8\n";
}

sub is_number ($v) { !ref $v && defined $v && (B::svref_2object(\$v)->FLAGS & (B::SVp_IOK | B::SVp_NOK)) ? 1 : 0 }
sub is_integer ($v) { is_number($v) && abs($v) < 2**53 && $v == int $v }
my %IS = (
    string => sub ($v) { defined $v && !ref $v && !is_number($v) }, integer => \&is_integer, boolean => \&JSON::PP::is_bool,
    object => sub ($v) { ref $v eq 'HASH' }, array => sub ($v) { ref $v eq 'ARRAY' },
);

# ---------------------------------------------------------------- frames
sub feed ($bytes) {
    $in .= $bytes;
    while ((my $end = index $in, "\n", $scanned) >= 0) {
        my $line = substr $in, 0, $end + 1, '';
        $scanned = 0;
        $line =~ s/\r?\n\z//;
        $line =~ s/\A\xef\xbb\xbf// if !$framed;
        next if $line !~ /\S/ && !$skipping;
        if ($skipping || length $line > FRAME_LIMIT) { $skipping = 0; complain('a line over 8 MiB was discarded'); next }
        my $message = eval { parse(from_utf8($line)) };
        if (ref $message ne 'HASH' || ($message->{jsonrpc} // '') ne '2.0' || !$IS{string}->($message->{method})) {
            complain('a line that is no request and no notification was ignored'); next;
        }
        $framed = 1;
        receive($message);
        return if $quit;
    }
    $scanned = length $in;
    ($in, $scanned, $skipping) = ('', 0, 1) if $scanned > FRAME_LIMIT + 2;
}

sub send_frame ($bytes) { length $bytes <= $max_frame && ($out .= "\n$bytes\n") }
sub frame (%message) { $JSON->encode({ jsonrpc => '2.0', %message, exists $message{id} ? (id => 0 + $message{id}) : () }) }
sub notify ($method, $params) { send_frame(frame(method => $method, params => $params)) }
sub answer ($id, $result) { done($id, frame(id => $id, result => $result)) }
sub done ($id, $frame) { delete $jobs{$id}; send_frame($frame) or refuse($id, too_large($frame)) }
sub too_large ($frame) {
    my %data = (size => length $frame, limit => $max_frame);
    return { code => 1205, message => "the answer has $data{size} bytes, and the host takes $max_frame", data => \%data };
}

sub refuse ($id, $error) {
    if (ref $error ne 'HASH') {    # some die, and not a failure
        complain("a fault of the provider: $error");
        $error = { code => -32603, message => 'a fault of the provider; see its log', data => {} };
    }
    my ($name, $retryable) = @{ $ERRORS{ $error->{code} } // [] };
    my %data = ($name ? (kind => $name, retryable => $retryable ? $true : $false) : (), %{ $error->{data} });
    send_frame(frame(id => $id, error => { code => 0 + $error->{code}, message => $error->{message}, %data ? (data => \%data) : () }));
}

# ---------------------------------------------------------------- methods
my %METHODS = (
    initialize => \&initialize, transform => \&transform,
    ping       => sub ($p, $id) { return {} },
    models     => sub ($p, $id) { return { models => \@MODELS } },
    configure  => sub ($p, $id) { check($p // {}, 1005, config => 'object', services => 'object'); return { ready => $true } },
    estimate   => sub ($p, $id) {
        check($p, -32602, model => 'string!', capability => 'string!', options => 'object', inputs => 'array');
        my (undef, $options) = model_and_options($p);
        return { cost => '0', currency => 'USD', timeMs => 50 + ($options->{delayMs} // 0) };
    },
    health     => sub ($p, $id) {
        return { status => 'healthy', uptimeMs => int(1000 * (now() - $born)), activeJobs => keys(%jobs) - @queue, queuedJobs => 0 + @queue };
    },
    shutdown   => sub ($p, $id) {
        push @shutdown, $id;
        ($state, $drained_by) = ('draining', $drained_by // now() + GRACE);
        refuse_job($_, -32802, 'the provider is shutting down') for my @all = @queue;
        return undef;    # answered when the jobs are
    },
);

sub receive ($message) {
    my ($method, $params) = @$message{qw(method params)};
    if (!exists $message->{id}) {    # a notification; unknown ones are ignored
        $quit = 1 if $method eq 'exit';
        cancel($params->{id}) if $method eq '$/cancelRequest' && ref $params eq 'HASH';
        return;
    }
    my $id = $message->{id};
    if (!is_integer($id) || $id < 0) { return complain('a request whose id is no integer up to 2^53-1 was ignored') }
    if ($jobs{$id}) { return complain('a request with the id of one that runs was ignored') }
    eval {
        my $always = $method =~ /\A(?:ping|health|shutdown)\z/;
        failure(1001, 'initialize comes first')           if $state eq 'started' && $method ne 'initialize' && !$always;
        failure(-32600, 'initialize was answered before') if $state ne 'started' && $method eq 'initialize';
        my $code = $METHODS{$method} or failure(-32601, 'no such method: ' . clip($method));
        failure(-32802, 'the provider is shutting down')   if $state eq 'draining' && !$always;
        my $result = $code->($params, $id);
        answer($id, $result) if defined $result;
        1;
    } or refuse($id, $@);
}

# Checks the parameters that a method reads; a type with `!` has to be there. Others are ignored.
sub check ($params, $code, %types) {
    failure($code, 'params is no object') if ref $params ne 'HASH';
    for my $name (sort keys %types) {
        my ($type, $needed) = $types{$name} =~ /\A(\w+)(!?)\z/;
        failure($code, "$name is missing")               if $needed && !exists $params->{$name};
        failure($code, "$name has to be of type $type") if exists $params->{$name} && !$IS{$type}->($params->{$name});
    }
}

sub initialize ($params, $id) {
    check($params, -32602, protocolVersions => 'array!', limits => 'object');
    my $offered = $params->{protocolVersions};
    failure(1002, 'only 1.0 is spoken here, not ' . clip($JSON->encode($offered)), supported => ['1.0'])
        if !grep { $IS{string}->($_) && $_ eq '1.0' } @$offered;
    my $limit = ($params->{limits} // {})->{maxFrameBytes};
    $max_frame = $limit if is_integer($limit) && $limit > 0;
    $state = "initialized";
    return \%DECLARATION;
}

sub model_and_options ($params) {
    my ($name, $capability) = @$params{qw(model capability)};
    my $model = $MODELS{$name} or failure(1006, 'no such model: ' . clip($name));
    my $schema = $model->{options}{$capability} or failure(1003, "the model $name does no " . clip($capability));
    my ($known, $given) = ($schema->{properties}, $params->{options} // {});
    my %options = map { $_ => $known->{$_}{default} } keys %$known;
    for my $key (sort keys %$given) {
        my ($rule, $value) = ($known->{$key}, $given->{$key});
        failure(-32602, 'no such option: ' . clip($key))            if !$rule;
        failure(-32602, "the option $key is of type $rule->{type}") if !$IS{ $rule->{type} }->($value);
        failure(-32602, "the option $key is from $rule->{minimum} to $rule->{maximum}, not $value")
            if $rule->{type} eq 'integer' && ($value < $rule->{minimum} || $value > $rule->{maximum});
        $options{$key} = $value;
    }
    return ($model, \%options);
}

sub transform ($params, $id) {
    check($params, -32602, model => 'string!', capability => 'string!', inputs => 'array!', options => 'object', resume => 'object',
        jobId => 'string!', jobDir => 'string', deadlineMs => 'integer', idempotencyKey => 'string');
    my ($model, $options) = model_and_options($params);
    my $dir = $params->{jobDir};
    utf8::encode($dir) if defined $dir;
    failure(-32602, 'jobDir has to be absolute') if ($dir // '/') !~ m{\A/};
    my %job = (
        id => $id, options => $options, dir => $dir, seq => 0, told => -1, next => now(), text => input_text($params->{inputs}, $dir),
        deadline => exists $params->{deadlineMs} ? now() + $params->{deadlineMs} / 1000 : 9**9**9,
        step     => $model->{id} eq 'swatch' ? \&swatch_step : \&reverse_step,
    );
    if ($model->{id} eq 'swatch') {
        failure(-32602, 'jobDir is missing, or has no directory out') if !defined $dir || !-d "$dir/out";
        $job{text} =~ /\A\s*#(?:([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})|([0-9a-f])([0-9a-f])([0-9a-f]))\s*\z/i
            or failure(1203, 'no colour such as #ff8800: ' . clip($job{text}));
        $job{colour} = [defined $1 ? map { hex } $1, $2, $3 : map { 17 * hex } $4, $5, $6];
    }
    failure(1102, 'too many jobs wait', retryAfterMs => 1000) if @queue >= MAX_QUEUE;
    ($jobs{$id}, @queue) = (\%job, @queue, $id);
    start_jobs();
    return undef;    # answered when it is done
}

sub input_text ($inputs, $dir) {
    for my $medium (@$inputs) {
        check($medium, -32602, kind => 'string!', mime => 'string!', map { $_ => 'string' } qw(text path url role name));
        failure(1203, 'an input has exactly one of text, path and url') if 1 != grep { exists $medium->{$_} } qw(text path url);
        failure(1203, 'a text is asked for, not an input of the kind ' . clip($medium->{kind})) if $medium->{kind} ne 'text';
        failure(1203, 'no input with a role is asked for: ' . clip($medium->{role})) if defined $medium->{role};
    }
    failure(1203, 'exactly one text is asked for, not ' . @$inputs) if @$inputs != 1;
    my $medium = $inputs->[0];
    return $medium->{text} if defined $medium->{text};
    my $path = $medium->{path} // failure(1203, 'an input by url is not read here');
    failure(-32602, 'jobDir is missing') if !defined $dir;
    utf8::encode($path);
    my $file = $path =~ m{\A/|\\|\0|(?:\A|/)\.\.(?:/|\z)} ? undef : abs_path("$dir/$path");
    my $root = abs_path($dir);
    failure(1203, 'no such input file: ' . clip($medium->{path})) if !$file || !$root || index($file, "$root/") || !-f $file;
    failure(1205, 'the input file is larger than any answer') if -s $file > FRAME_LIMIT;
    open my $handle, '<:raw', $file or failure(1203, "the input file cannot be read: $!");
    my $bytes = do { local $/; <$handle> } // '';
    return eval { from_utf8($bytes) } // failure(1203, 'the input file is no UTF-8');
}

# ---------------------------------------------------------------- jobs
sub refuse_job ($id, $code, $message) {
    delete $jobs{$id} or return;
    @queue = grep { $_ ne $id } @queue;
    refuse($id, { code => $code, message => $message, data => {} });
}
sub cancel ($id) { refuse_job($id, -32800, 'cancelled') if defined $id && !ref $id }
sub start_jobs { shift @queue while @queue && keys(%jobs) - @queue < MAX_JOBS }

sub progress ($job, $fraction, $stage) {    # at most ten a second, and the last one
    return if now() - $job->{told} < 0.1 && $fraction < 1;
    $job->{told} = now();
    notify('$/progress', { id => $job->{id}, seq => ++$job->{seq}, fraction => 0 + sprintf('%.4f', $fraction), stage => $stage });
}

sub swatch_step ($job) {
    my $size = $job->{options}{size};
    my $row  = "\0" . pack('C3', @{ $job->{colour} }) x $size;    # filter 0, then RGB
    my $png  = "\x89PNG\r\n\x1a\n" . join '', map { pack('N', length($_) - 4) . $_ . pack('N', crc32($_)) }
        'IHDR' . pack('NNC5', $size, $size, 8, 2, 0, 0, 0), 'IDAT' . compress($row x $size), 'IEND';
    my $file = "$job->{dir}/out/swatch.png";
    unlink $file;
    my $opened = sysopen my $handle, $file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    if (!$opened || !print({$handle} $png) || !close $handle) {
        my ($code, $why) = ($! == ENOSPC ? 1103 : -32603, "$!");
        unlink $file if $opened;
        failure($code, "the image cannot be written: $why");
    }
    progress($job, 1, 'painted');
    my %medium = (kind => 'image', mime => 'image/png', path => 'out/swatch.png', meta => { width => int $size, height => int $size });
    answer($job->{id}, { outputs => [\%medium] });
}

# Reverses in slices, then waits, and tells meanwhile as much of the result as of the time has passed.
sub reverse_step ($job) {
    my $delay = $job->{options}{delayMs} / 1000;
    my $stop  = now() + SLICE;
    while (!defined $job->{result}) {
        my $unit = $job->{options}{words} ? qr/\s+|\S+/ : qr/\X/;
        if ($job->{text} =~ /\G((?:$unit){1,1000}+)/gc) { unshift @{ $job->{pieces} }, join '', reverse $1 =~ /$unit/g }
        else {
            $job->{result} = join '', splice @{ $job->{pieces} //= [] };
            $job->{frame} = frame(id => $job->{id}, result => { outputs => [{ kind => 'text', mime => 'text/plain', text => $job->{result} }] });
            failure(@{ too_large($job->{frame}) }{qw(code message)}) if length $job->{frame} > $max_frame;
            @$job{qw(since sent)} = (now(), 0);
        }
        if (now() > $stop) {
            my $worked = (pos($job->{text}) // 0) / (length($job->{text}) || 1);
            progress($job, ($delay ? 0.1 : 0.9) * $worked, 'reversing') if !defined $job->{result};
            return $job->{next} = now();
        }
    }
    my $waited = $delay ? min(1, (now() - $job->{since}) / $delay) : 1;
    my $most = min(65536, int(($max_frame - 200) / 6));    # a character has up to 6 bytes in JSON
    my $due = int($waited * length $job->{result});
    while ($most > 0 && $job->{sent} < $due) {
        return $job->{next} = now() if now() > $stop;
        my $text = substr $job->{result}, $job->{sent}, min($most, $due - $job->{sent});
        $job->{sent} += length $text;
        notify('$/chunk', { id => $job->{id}, seq => ++$job->{seq}, text => $text });
    }
    progress($job, $delay ? 0.1 + 0.9 * $waited : 1, $waited < 1 ? 'waiting' : 'done');
    return done($job->{id}, $job->{frame}) if $waited >= 1;
    $job->{next} = min(now() + BEAT, $job->{since} + $delay);
}

# Gives every job that is due its slice, and says how long there is nothing to do.
sub work {
    refuse_job($_, 1101, 'the deadline is over') for grep { $jobs{$_}{deadline} <= now() } keys %jobs;
    start_jobs();
    my %waits = map { $_ => 1 } @queue;
    for my $id (grep { !$waits{$_} && $jobs{$_}{next} <= now() } sort keys %jobs) {
        my $job = $jobs{$id};
        eval { $job->{step}->($job); 1 } or do { delete $jobs{$id}; refuse($job->{id}, $@) };
    }
    if (@shutdown && now() >= $drained_by) { cancel($_) for keys %jobs }
    if (!%jobs) { answer($_, {}) for splice @shutdown }
    my @times = (now() + 1, map({ ($_->{deadline}, $waits{ $_->{id} } ? () : $_->{next}) } values %jobs), @shutdown ? $drained_by : ());
    return max(0, min(@times) - now());    # at most a second: a signal may come right before the select
}

# ---------------------------------------------------------------- the loop
sub write_out {
    my $count = syswrite STDOUT, $out;
    if (defined $count) { substr $out, 0, $count, '' }
    elsif ($! != EAGAIN && $! != EINTR) { ($out, $quit) = ('', 1) }    # nobody reads
}

if (($ENV{PRIZM_PLUGIN} // '') ne '1') {
    print STDERR "This is a plugin of Prizm, which a host starts. To try it: prizm conformance -- perl provider.pl\n";
    exit 64;
}
$SIG{TERM} = sub { $quit = 1 };
$SIG{PIPE} = $SIG{INT} = 'IGNORE';    # the host decides when it ends
binmode $_ for *STDIN, *STDOUT;
binmode STDERR, ':utf8';
$_->blocking(0) for *STDIN{IO}, *STDOUT{IO};
my ($reader, $writer) = (IO::Select->new(\*STDIN), IO::Select->new(\*STDOUT));

until ($quit) {
    my $wait = work();    # which fills $out
    my ($readable) = IO::Select->select($reader, length $out ? $writer : undef, undef, $wait);
    write_out() if length $out;
    next if !$readable || !@$readable;
    my $count = sysread STDIN, my $bytes, 65536;
    if ($count) { feed($bytes) }
    elsif (defined $count || ($! != EAGAIN && $! != EINTR)) { $quit = 1 }    # the host is gone
}
cancel($_) for keys %jobs;
my $until = now() + 1;
while (length $out && now() < $until) { $writer->can_write(0.1); write_out() }
exit 0;
