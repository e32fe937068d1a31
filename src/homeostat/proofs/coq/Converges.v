(** Convergence to the equilibrium, by a quadratic form V > 0 that shrinks by a factor in each
    step of the linear dynamics (Lyapunov). *)

From Coq Require Import QArith Qabs List Bool Lqa Lia Setoid.
From Homeostat Require Import Model Forms Modes Squares Settles.
Import ListNotations.
Open Scope Q_scope.

(** V, its factor, a multiple of the sum of squares below V, and what shows both. *)
Record lyapunov := {
  form_V : squares; factor : Q; floor : Q;
  above_floor : squares;  (* V - floor * (the sum of all z_i^2) *)
  decrease : squares      (* factor * V(z) - V(z after a step) *)
}.

(** The form l after a step z' = (- ws.z / w0, z_0, z_1, ..). *)
Definition pulled (w0 : Q) (ws l : list Q) : list Q :=
  match l with [] => [] | a :: l' => plus_row (times_row (- a / w0) ws) l' end.

Definition units (n : nat) : squares :=
  map (fun i => (1, repeat 0 i ++ [1])) (seq 0 n).

Definition check_lyapunov (p : parameters) (v : lyapunov) : bool :=
  match weights p with
  | w0 :: ws =>
      (1 <=? length ws)%nat && negb (Qle_bool w0 0) && negb (Qle_bool (fold_right Qplus 0 (weights p)) 0) &&
      negb (Qle_bool (floor v) 0) && negb (Qle_bool 1 (factor v)) && negb (Qle_bool (factor v) 0) &&
      forallb (fun t => (length (snd t) =? length ws)%nat) (form_V v) &&
      nonneg_squares (above_floor v) && nonneg_squares (decrease v) &&
      agree (form_V v) (scaled (floor v) (units (length ws)) ++ above_floor v) &&
      agree (scaled (factor v) (form_V v))
            (map (fun t => (fst t, pulled w0 ws (snd t))) (form_V v) ++ decrease v)
  | [] => false
  end.

Lemma not_le (a b : Q) : negb (Qle_bool a b) = true -> b < a.
Proof.
  intros H. destruct (Qlt_le_dec b a) as [|L]; [assumption|].
  apply Qle_bool_iff in L. rewrite L in H. discriminate.
Qed.

Lemma square_small (a eps : Q) : 0 < eps -> a * a <= eps * eps -> Qabs a <= eps.
Proof. intros He H. apply Qabs_Qle_condition. split; nra. Qed.

(** Powers of a factor below 1 come below every positive number. *)
Fixpoint power (k : Q) (t : nat) : Q := match t with O => 1 | S t' => k * power k t' end.

Lemma power_nonneg (k : Q) (t : nat) : 0 <= k -> 0 <= power k t.
Proof. intros. induction t; simpl; [lra|]. nra. Qed.

Lemma power_bound (k : Q) (t : nat) :
  0 < k -> k < 1 -> power k t * (1 + inject_Z (Z.of_nat t) * (1 / k - 1)) <= 1.
Proof.
  intros H0 H1. set (h := 1 / k - 1).
  assert (Eh : k * (1 + h) == 1) by (unfold h; field; lra).
  assert (Hh : 0 < h) by nra. clearbody h.
  induction t as [|t IH]; simpl power; [change (inject_Z (Z.of_nat 0)) with 0; lra|].
  rewrite Nat2Z.inj_succ. unfold Z.succ. rewrite inject_Z_plus. change (inject_Z 1) with 1.
  pose proof (power_nonneg k t ltac:(lra)). set (x := power k t) in *. clearbody x.
  assert (Ht : 0 <= inject_Z (Z.of_nat t)) by (apply inject_Z_nonneg; lia).
  set (n := inject_Z (Z.of_nat t)) in *. clearbody n.
  assert (k * (1 + (n + 1) * h) <= 1 + n * h).
  { assert (k * (1 + (n + 1) * h) == 1 + k * n * h) as -> by lra.
    assert (0 <= n * h) by nra. assert (k * n * h <= n * h) by nra. lra. }
  assert (x * (k * (1 + (n + 1) * h)) <= x * (1 + n * h)) by nra. lra.
Qed.

Lemma power_vanishes (k c eps : Q) :
  0 < k -> k < 1 -> 0 <= c -> 0 < eps -> exists T, forall t, (T <= t)%nat -> c * power k t <= eps.
Proof.
  intros H0 H1 Hc He. set (h := 1 / k - 1).
  assert (Hh : 0 < h).
  { assert (E : k * (1 + h) == 1) by (unfold h; field; lra). nra. }
  destruct (Qarchimedean (c / (eps * h))) as [n Hn].
  exists (Pos.to_nat n). intros t Ht.
  pose proof (power_bound k t H0 H1) as Hb. fold h in Hb. clearbody h.
  pose proof (power_nonneg k t ltac:(lra)) as Hp.
  assert (Hn' : inject_Z (Z.pos n) <= inject_Z (Z.of_nat t)) by (rewrite <- Zle_Qle; lia).
  change (Z.pos n # 1) with (inject_Z (Z.pos n)) in Hn.
  set (m := inject_Z (Z.of_nat t)) in *. set (x := power k t) in *. clearbody m x.
  assert (Hm : c / (eps * h) < m) by lra.
  assert (Heh : 0 < eps * h) by nra.
  assert (Hcm : c < m * (eps * h)).
  { assert (c == c / (eps * h) * (eps * h)) as -> by (field; nra). nra. }
  assert (x * (1 + m * h) * eps <= eps) by nra.
  assert (x * c <= x * (m * (eps * h))) by nra.
  assert (0 <= x * eps) by nra. nra.
Qed.

Section Lyapunov.

Variables (p : parameters) (w0 : Q) (ws : list Q) (v : lyapunov).
Hypothesis Ew : weights p = w0 :: ws.
Hypothesis Hsome : (1 <= length ws)%nat.
Hypothesis Hw0 : 0 < w0.
Hypothesis Hsum : 0 < fold_right Qplus 0 (weights p).
Hypothesis Hfloor : 0 < floor v.
Hypothesis Hone : factor v < 1.
Hypothesis Hzero : 0 < factor v.
Hypothesis Hshape : forall t, In t (form_V v) -> length (snd t) = length ws.
Hypothesis Habove : nonneg_squares (above_floor v) = true.
Hypothesis Hdecrease : nonneg_squares (decrease v) = true.
Hypothesis Efloor : agree (form_V v) (scaled (floor v) (units (length ws)) ++ above_floor v) = true.
Hypothesis Edecrease :
  agree (scaled (factor v) (form_V v))
        (map (fun t => (fst t, pulled w0 ws (snd t))) (form_V v) ++ decrease v) = true.

Let e := equilibrium p.
Let B := capacity p.

(** How far the stages but the last are from the equilibrium. *)
Definition gap (M : list Q) : list Q := map (fun m => m - e) (firstn (length ws) M).

Definition balanced (M : list Q) : Prop := length M = length (weights p) /\ dot (weights p) M == B.

Lemma tokens_of_e : e * (w0 + fold_right Qplus 0 ws) == B.
Proof.
  pose proof Hsum as H. unfold e, equilibrium. fold B. rewrite Ew in *. simpl in *. field. lra.
Qed.

Lemma dot_gap (l M : list Q) :
  (length l <= length M)%nat ->
  dot l (map (fun m => m - e) M) == dot l M - e * fold_right Qplus 0 l.
Proof.
  revert M. induction l as [|a l IH]; intros [|m M] H; simpl in *; try lia; try ring.
  rewrite IH by lia. ring.
Qed.

Lemma map_firstn {A C} (f : A -> C) k l : map f (firstn k l) = firstn k (map f l).
Proof. revert l. induction k; intros [|a l]; simpl; congruence. Qed.

Lemma same_gap (M N : list Q) : same M N -> same (gap M) (gap N).
Proof.
  intros H. apply (same_firstn (length ws)) in H. unfold gap. revert H.
  generalize (firstn (length ws) M), (firstn (length ws) N).
  induction 1; simpl; constructor; auto. now rewrite H.
Qed.

Lemma pulled_value (l : list Q) (M N : list Q) :
  balanced M -> same N (theory_step (weights p) B M) -> length l = length ws ->
  dot l (gap N) == dot (pulled w0 ws l) (gap M).
Proof.
  intros [Hl Ht] E Hk. pose proof tokens_of_e as Ee. rewrite Ew in Hl, Ht, E. simpl in Hl, Ht, E.
  rewrite (same_dot _ _ _ (same_gap _ _ E)). unfold gap.
  destruct l as [|a l]; [simpl in Hk; lia|]. simpl in Hk.
  replace (length ws) with (S (length l)) at 1. simpl firstn. simpl map. simpl dot.
  rewrite dot_plus, dot_times.
  assert (E1 : dot ws (map (fun m => m - e) (firstn (length ws) M))
               == dot ws M - e * fold_right Qplus 0 ws).
  { rewrite dot_gap by (rewrite firstn_length; lia). now rewrite dot_firstn by lia. }
  rewrite E1. rewrite firstn_firstn. replace (Nat.min (length l) (length ws)) with (length l) by lia.
  assert (E2 : dot l (map (fun m => m - e) (firstn (length l) M))
               == dot l (map (fun m => m - e) (firstn (length ws) M))).
  { rewrite !map_firstn. rewrite !dot_firstn by lia. reflexivity. }
  rewrite E2. rewrite <- Ee. field. lra.
Qed.

Lemma V_shrinks (M N : list Q) :
  balanced M -> same N (theory_step (weights p) B M) ->
  total_of (form_V v) (gap N) <= factor v * total_of (form_V v) (gap M).
Proof.
  intros Hb E. apply (agree_sound _ _ (gap M)) in Edecrease.
  rewrite total_app, total_scaled in Edecrease.
  apply (nonneg_total _ (gap M)) in Hdecrease.
  assert (total_of (form_V v) (gap N)
          == total_of (map (fun t => (fst t, pulled w0 ws (snd t))) (form_V v)) (gap M)).
  { clear - Hb E Hshape Ew Hsome Hw0 Hsum. induction (form_V v) as [|[d l] s IH]; simpl; [reflexivity|].
    rewrite IH by (intros; apply Hshape; now right).
    rewrite (pulled_value l M N Hb E) by (apply (Hshape (d, l)); now left). reflexivity. }
  lra.
Qed.

Lemma units_total (k n : nat) (z : list Q) :
  total_of (map (fun i => (1, repeat 0 i ++ [1])) (seq (S k) n)) z
  == total_of (map (fun i => (1, repeat 0 i ++ [1])) (seq k n)) (tl z).
Proof.
  revert k. induction n as [|n IH]; intros k; simpl; [reflexivity|].
  rewrite (IH (S k)). destruct z as [|y z]; simpl; [rewrite dot_nil; ring|]. ring.
Qed.

Lemma squares_below (z : list Q) (i : nat) :
  (i < length z)%nat -> nth i z 0 * nth i z 0 <= total_of (units (length z)) z.
Proof.
  revert i. induction z as [|y z IH]; intros i Hi; simpl in Hi; [lia|].
  unfold units. simpl. rewrite units_total. simpl tl. fold (units (length z)).
  assert (H0 : 0 <= total_of (units (length z)) z).
  { apply nonneg_total. unfold units. generalize (seq 0 (length z)) as s. clear.
    induction s; simpl; auto. }
  destruct i as [|i]; [|specialize (IH i ltac:(lia))];
    set (u := total_of (units (length z)) z) in *; clearbody u; simpl.
  - assert ((1 * y + 0) * (1 * y + 0) == y * y) as -> by ring. lra.
  - assert (0 <= y * y) by nra. nra.
Qed.

Lemma gap_small (M : list Q) (i : nat) :
  balanced M -> (i < length ws)%nat ->
  floor v * ((nth i M 0 - e) * (nth i M 0 - e)) <= total_of (form_V v) (gap M).
Proof.
  intros [Hl _] Hi. apply (agree_sound _ _ (gap M)) in Efloor.
  rewrite total_app, total_scaled in Efloor. apply (nonneg_total _ (gap M)) in Habove.
  rewrite Ew in Hl. simpl in Hl.
  assert (Lg : length (gap M) = length ws)
    by (unfold gap; rewrite map_length, firstn_length; lia).
  pose proof (squares_below (gap M) i ltac:(lia)) as H. rewrite Lg in H.
  assert (E : nth i (gap M) 0 = nth i M 0 - e).
  { unfold gap. rewrite (nth_indep _ 0 (0 - e)) by (fold (gap M); lia).
    rewrite (map_nth (fun m => m - e)). now rewrite nth_firstn. }
  rewrite E in H. nra.
Qed.

(** What follows the linear dynamics from some step on tends to the equilibrium. *)
Lemma tends (state : nat -> list Q) (K : nat) :
  (forall t, (K <= t)%nat -> balanced (state t) /\
     same (state (S t)) (theory_step (weights p) B (state t))) ->
  tends_to state e.
Proof.
  intros H eps He.
  assert (HV : forall t, total_of (form_V v) (gap (state (t + K)%nat))
               <= total_of (form_V v) (gap (state K)) * power (factor v) t).
  { induction t as [|t IH]; simpl; [lra|].
    destruct (H (t + K)%nat ltac:(lia)) as [Hb E]. pose proof (V_shrinks _ _ Hb E). nra. }
  set (c := total_of (form_V v) (gap (state K))) in *.
  assert (Hc : 0 <= c).
  { unfold c. destruct (H K ltac:(lia)) as [Hb _]. pose proof (gap_small _ 0 Hb ltac:(lia)) as G.
    set (a := nth 0 (state K) 0 - e) in G. clearbody a.
    assert (0 <= a * a) by nra. assert (0 <= floor v * (a * a)) by nra. lra. }
  destruct (power_vanishes (factor v) c (floor v * (eps * eps)) Hzero Hone Hc) as [T HT];
    [assert (0 < eps * eps) by nra; nra|].
  exists (S (T + K)). intros t Ht.
  assert (Hsmall : forall u i, (T + K <= u)%nat -> (i < length ws)%nat ->
                   Qabs (nth i (state u) 0 - e) <= eps).
  { intros u i Hu Hi. apply square_small; [assumption|].
    destruct (H u ltac:(lia)) as [Hb _]. pose proof (gap_small _ i Hb Hi) as G.
    pose proof (HV (u - K)%nat) as G'. replace (u - K + K)%nat with u in G' by lia.
    specialize (HT (u - K)%nat ltac:(lia)).
    set (a := nth i (state u) 0 - e) in *. clearbody a.
    assert (floor v * (a * a) <= floor v * (eps * eps)) by lra.
    apply Qmult_le_l in H0; assumption. }
  apply Forall_forall. intros m Hm. apply In_nth with (d := 0) in Hm as [i [Hi <-]].
  destruct t as [|t]; [lia|].
  destruct (H (S t) ltac:(lia)) as [[Hl _] _]. rewrite Hl, Ew in Hi. simpl in Hi.
  destruct (Nat.eq_dec i (length ws)) as [->|]; [|apply Hsmall; lia].
  destruct (H t ltac:(lia)) as [_ E]. rewrite (same_nth _ _ _ E).
  rewrite Ew. simpl. destruct (length ws) as [|n] eqn:L; [lia|].
  rewrite nth_firstn by lia. apply Hsmall; lia.
Qed.

End Lyapunov.

Lemma theory_step_mode (w M : list Q) (B : Q) : w <> [] -> theory_step w B M = mode_step w B 0 M.
Proof.
  intros H. destruct w as [|w0 ws]; [congruence|]. unfold mode_step. simpl. now rewrite Nat.sub_0_r.
Qed.

Lemma same_by_nth (M N : list Q) :
  length M = length N -> (forall i, (i < length M)%nat -> nth i M 0 == nth i N 0) -> same M N.
Proof.
  revert N. induction M as [|m M IH]; intros [|n N] L H; simpl in L; try discriminate; constructor.
  - apply (H 0%nat). simpl. lia.
  - apply IH; [congruence|]. intros i Hi. apply (H (S i)). simpl. lia.
Qed.

(** A step that keeps everything and the tokens is Theory's. *)
Lemma calm_theory (w M N : list Q) (B : Q) :
  pos w -> w <> [] -> length M = length w -> length N = length w -> dot w N == B ->
  (forall s, (S s < length w)%nat -> nth (S s) N 0 == nth s M 0) -> same N (theory_step w B M).
Proof.
  intros Hw Hn HM HN Ht H. destruct w as [|w0 ws]; [congruence|]. inversion Hw; subst.
  destruct N as [|n0 N]; [discriminate|]. simpl in HM, HN, Ht, H |- *.
  assert (E : same N (firstn (length ws) M)).
  { apply same_by_nth; [rewrite firstn_length; lia|]. intros i Hi.
    rewrite nth_firstn by lia. apply (H i). lia. }
  constructor; [|assumption].
  assert (Ed : dot ws N == dot ws M) by (rewrite (same_dot _ _ _ E); apply dot_firstn; lia).
  rewrite <- Ed. rewrite <- Ht. field. lra.
Qed.

(** What exported files apply. *)
Section Exported.

Variables (p : parameters) (scale : Z) (W : list Z) (v : lyapunov).

Lemma check_lyapunov_sound (state : nat -> list Q) (K : nat) :
  check_lyapunov p v = true ->
  (forall t, (K <= t)%nat -> balanced p (state t) /\
     same (state (S t)) (theory_step (weights p) (capacity p) (state t))) ->
  tends_to state (equilibrium p).
Proof.
  intros C. unfold check_lyapunov in C. destruct (weights p) as [|w0 ws] eqn:Ew; [discriminate|].
  repeat match goal with H : _ && _ = true |- _ => apply andb_true_iff in H as [H ?] end.
  rewrite <- Ew in *. apply (tends p w0 ws v Ew); auto using not_le.
  - now apply Nat.leb_le.
  - rewrite forallb_forall in *. intros t Ht. apply Nat.eqb_eq. auto.
Qed.

Theorem theory_converges :
  check_weights p scale W && check_lyapunov p v = true ->
  forall M, length M = l_b p -> dot (weights p) M == capacity p ->
  tends_to (fun t => theory p t M) (equilibrium p).
Proof.
  intros C M Hl Ht. apply andb_true_iff in C as [Cw C].
  apply check_weights_sound in Cw as [Hp [Hsome _]].
  assert (Hb : forall t, balanced p (theory p t M)).
  { assert (H0 : (0 < length (weights p))%nat) by (destruct (weights p); [congruence|simpl; lia]).
    induction t as [|t [L D]]; simpl; split; rewrite ?length_weights; auto.
    - rewrite map_length, theory_step_mode, mode_step_length, length_weights; auto.
    - rewrite (same_dot _ _ _ (same_Qred _)), theory_step_mode by assumption.
      now apply mode_step_tokens. }
  apply (check_lyapunov_sound _ 0); [assumption|]. intros t _. split; [apply Hb|].
  simpl. apply same_Qred.
Qed.

Theorem simulation_converges (r : Tree.region) (trees : list (nat * Tree.tree)) (steps : nat) :
  check_weights p scale W && Tree.check_settles W r trees steps && check_lyapunov p v = true ->
  forall M, start p M -> tends_to (fun t => simulation p t M) (equilibrium p).
Proof.
  intros C M H. apply andb_true_iff in C as [C Cv].
  pose proof (settles p scale W r trees steps C M H) as Hs.
  apply andb_true_iff in C as [Cw _]. apply check_weights_sound in Cw as [Hp [Hsome [HB [_ HW]]]].
  destruct H as [Hl [Hn Ht]]. rewrite <- length_weights in Hl.
  assert (Hg : forall t, good (weights p) (capacity p) (simulation p t M)).
  { intros t. rewrite iterated. apply (iter_good W _ _ (inject_Z scale)); auto.
    now repeat split. }
  apply (check_lyapunov_sound _ steps); [assumption|]. intros t L.
  destruct (Hg t) as [Ha [_ Hc]]. destruct (Hg (S t)) as [Ha' [_ Hc']]. split; [now split|].
  apply calm_theory; auto. intros s Hi. apply Hs; [assumption|]. now rewrite <- length_weights.
Qed.

End Exported.
