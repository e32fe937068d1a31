(** What the items of Cells.v say of figures: that they are these figures. *)

From Coq Require Import ZArith QArith List Bool Lqa Lia Setoid.
From Homeostat Require Import Model Forms Modes Tree Settles Figures Cells.
Import ListNotations.
Open Scope Q_scope.

Section Observed.

Variables (W : list Z) (scale : Z) (p : parameters).
Hypothesis Hcap : 0 < capacity p.
Hypothesis Hscale : 0 < inject_Z scale.
Hypothesis HW : Forall2 (fun z y => inject_Z z == inject_Z scale * y) W (weights p).

Variables (x : list Q) (c : Q) (fs ft : list form) (s t : list Q).
Hypothesis Hc : 0 < c.
Hypothesis Hs : Forall2 (fun f m => value f x == c * m) fs s.
Hypothesis Ht : Forall2 (fun f m => value f x == c * m) ft t.
Hypothesis Hlen : length t = length s.
Hypothesis Htwo : (2 <= length s)%nat.
Hypothesis Htokens : dot (weights p) s == capacity p.

Lemma shown_nth (gs : list form) (m : list Q) (i : nat) :
  Forall2 (fun f m => value f x == c * m) gs m -> value (nth i gs []) x == c * nth i m 0.
Proof.
  intros H. revert i. induction H; intros [|i]; simpl; auto; destruct x; simpl; ring.
Qed.

Lemma minus_nth (gs hs : list form) (m n : list Q) (i j : nat) :
  Forall2 (fun f m => value f x == c * m) gs m -> Forall2 (fun f m => value f x == c * m) hs n ->
  value (minus_form (nth i gs []) (nth j hs [])) x == c * (nth i m 0 - nth j n 0).
Proof.
  intros Hg Hh. unfold minus_form. rewrite value_plus, value_times.
  rewrite (shown_nth gs m i Hg), (shown_nth hs n j Hh). change (inject_Z (-1)) with (-(1)). ring.
Qed.

Lemma plain_in (gs : list form) (m : list Q) (y : Q) :
  Forall2 (fun f m => value f x == c * m) gs m -> In y m ->
  exists f, In f gs /\ value f x == c * y.
Proof.
  induction 1 as [|f a gs m Hf _ IH]; simpl; [tauto|]. intros [<-|H]; [eauto|].
  destruct (IH H) as [g [Hg Eg]]. eauto.
Qed.

Lemma in_plain (gs : list form) (m : list Q) (f : form) :
  Forall2 (fun f m => value f x == c * m) gs m -> In f gs ->
  exists y, In y m /\ value f x == c * y.
Proof.
  induction 1 as [|g a gs m Hg _ IH]; simpl; [tauto|]. intros [<-|H]; [eauto|].
  destruct (IH H) as [y [Hy Ey]]. eauto.
Qed.

Lemma one : inject_Z 1 == 1.
Proof. reflexivity. Qed.

Lemma some_of (m : list Q) : (2 <= length m)%nat -> m <> [].
Proof. destruct m; simpl; [lia|discriminate]. Qed.

Lemma largest_says (gs : list form) (m : list Q) :
  (2 <= length m)%nat -> Forall2 (fun f m => value f x == c * m) gs m ->
  says x c Largest (map plain gs) (largest m).
Proof.
  intros L H. destruct (largest_spec m (some_of m L)) as [H1 H2]. repeat split.
  - intros i Hi. apply in_map_iff in Hi as [f [<- _]]. reflexivity.
  - apply in_map_iff in H3 as [f [<- _]]. reflexivity.
  - apply in_map_iff in H3 as [f [<- Hf]]. destruct (in_plain gs m f H Hf) as [y [Hy Ey]].
    simpl. unfold weight_of. simpl. rewrite Ey, one. specialize (H2 y Hy). nra.
  - discriminate.
  - discriminate.
  - destruct (plain_in gs m _ H H1) as [f [Hf Ef]]. exists (plain f).
    split; [now apply in_map|]. split; [constructor|]. simpl. unfold weight_of. simpl.
    rewrite Ef, one. ring.
Qed.

Lemma smallest_says (gs : list form) (m : list Q) :
  (2 <= length m)%nat -> Forall2 (fun f m => value f x == c * m) gs m ->
  says x c Smallest (map plain gs) (smallest m).
Proof.
  intros L H. destruct (smallest_spec m (some_of m L)) as [H1 H2]. repeat split.
  - intros i Hi. apply in_map_iff in Hi as [f [<- _]]. reflexivity.
  - discriminate.
  - discriminate.
  - apply in_map_iff in H3 as [f [<- _]]. reflexivity.
  - apply in_map_iff in H3 as [f [<- Hf]]. destruct (in_plain gs m f H Hf) as [y [Hy Ey]].
    simpl. unfold weight_of. simpl. rewrite Ey, one. specialize (H2 y Hy). nra.
  - destruct (plain_in gs m _ H H1) as [f [Hf Ef]]. exists (plain f).
    split; [now apply in_map|]. split; [constructor|]. simpl. unfold weight_of. simpl.
    rewrite Ef, one. ring.
Qed.

Lemma shown_length (gs : list form) (m : list Q) :
  Forall2 (fun f m => value f x == c * m) gs m -> length gs = length m.
Proof. apply same_lengths. Qed.

Lemma in_differences (gs : list form) (i : item) :
  In i (differences gs) <-> exists a b, (a < length gs)%nat /\ (b < length gs)%nat /\ a <> b /\
    i = plain (minus_form (nth a gs []) (nth b gs [])).
Proof.
  unfold differences. rewrite in_flat_map. split.
  - intros [a [Ha H]]. apply in_flat_map in H as [b [Hb H]]. apply in_seq in Ha, Hb.
    destruct (Nat.eqb_spec a b); [destruct H|]. destruct H as [<-|[]].
    exists a, b. repeat split; auto; lia.
  - intros [a [b [Ha [Hb [Hab ->]]]]]. exists a. split; [apply in_seq; lia|].
    apply in_flat_map. exists b. split; [apply in_seq; lia|].
    destruct (Nat.eqb_spec a b); [contradiction|now left].
Qed.

Lemma spread_says (gs : list form) (m : list Q) :
  (2 <= length m)%nat -> Forall2 (fun f m => value f x == c * m) gs m ->
  says x c Largest (differences gs) (spread m).
Proof.
  intros L H. pose proof (shown_length gs m H) as E.
  destruct (largest_spec m (some_of m L)) as [H1 H2].
  destruct (smallest_spec m (some_of m L)) as [H3 H4]. unfold spread. repeat split.
  - intros i Hi. apply in_differences in Hi as [a [b [_ [_ [_ ->]]]]]. reflexivity.
  - apply in_differences in H5 as [a [b [_ [_ [_ ->]]]]]. reflexivity.
  - apply in_differences in H5 as [a [b [Ha [Hb [_ ->]]]]]. unfold weight_of. simpl.
    rewrite (minus_nth gs gs m m a b H H), one.
    assert (nth a m 0 <= largest m) by (apply H2, nth_In; lia).
    assert (smallest m <= nth b m 0) by (apply H4, nth_In; lia). nra.
  - discriminate.
  - discriminate.
  - apply In_nth with (d := 0) in H1 as [a [Ha Ea]]. apply In_nth with (d := 0) in H3 as [b [Hb Eb]].
    destruct (Nat.eq_dec a b) as [->|N].
    + (* all are equal *)
      exists (plain (minus_form (nth 0 gs []) (nth 1 gs []))). split; [|split].
      * apply in_differences. exists 0%nat, 1%nat. repeat split; lia.
      * constructor.
      * unfold weight_of. simpl. rewrite (minus_nth gs gs m m 0 1 H H), one.
        assert (Els : largest m == smallest m) by (rewrite <- Ea, <- Eb; reflexivity).
        assert (B : forall k, (k < length m)%nat -> nth k m 0 == largest m).
        { intros k Hk. assert (nth k m 0 <= largest m) by (apply H2, nth_In; lia).
          assert (smallest m <= nth k m 0) by (apply H4, nth_In; lia). lra. }
        rewrite (B 0%nat), (B 1%nat) by lia. rewrite Els. ring.
    + exists (plain (minus_form (nth a gs []) (nth b gs []))). split; [|split].
      * apply in_differences. exists a, b. repeat split; auto; lia.
      * constructor.
      * unfold weight_of. simpl. rewrite (minus_nth gs gs m m a b H H), one, Ea, Eb. ring.
Qed.

Lemma numerator (r : Q) : inject_Z (Qnum r) == r * inject_Z (Z.pos (Qden r)).
Proof. destruct r as [a b]. unfold Qeq. simpl. rewrite Pos.mul_1_r. ring. Qed.

Lemma number_says (k : Q) : says x c Any [number W scale p fs k] k.
Proof.
  assert (P : (0 < snd (number W scale p fs k))%Z) by reflexivity.
  repeat split; try discriminate.
  - intros i [<-|[]]. assumption.
  - exists (number W scale p fs k). split; [now left|]. split; [constructor|].
    unfold number, weight_of. set (r := Qred (k / (capacity p * inject_Z scale))). simpl.
    rewrite value_times.
    pose proof (combination_dot W (weights p) (inject_Z scale) HW 0 0 x fs s c Hs) as E.
    simpl skipn in E. rewrite E, Htokens.
    rewrite (numerator r). assert (Er : r == k / (capacity p * inject_Z scale)) by apply Qred_correct.
    clearbody r. set (d := inject_Z (Z.pos (Qden r))). clearbody d. rewrite Er. field. split; lra.
Qed.

Lemma in_deltas (sign : Z) (i : item) :
  In i (deltas sign fs ft) <-> exists a, (a < length fs)%nat /\ i =
    (flat_map (fun j => if (a =? j)%nat then []
       else [times sign (minus_form (nth a fs []) (nth j fs []))]) (seq 0 (length fs)),
     minus_form (nth a ft []) (nth a fs []), 1%Z).
Proof.
  unfold deltas. rewrite in_map_iff. split.
  - intros [a [<- Ha]]. apply in_seq in Ha. exists a. split; [lia|reflexivity].
  - intros [a [Ha ->]]. exists a. split; [reflexivity|]. apply in_seq. lia.
Qed.

Lemma nth_minus (l m : list Q) (i : nat) :
  length l = length m -> nth i (minus l m) 0 == nth i l 0 - nth i m 0.
Proof.
  revert m i. induction l as [|a l IH]; intros [|b m] [|i] L; simpl in *; try discriminate; try ring.
  apply IH. congruence.
Qed.

Lemma in_where (extreme : list Q -> Q) (m l : list Q) (y : Q) :
  length l = length m ->
  In y (where_extreme extreme m l) -> exists a, (a < length m)%nat /\
    nth a m 0 == extreme m /\ nth a l 0 = y.
Proof.
  intros L H. unfold where_extreme in H. apply in_map_iff in H as [[u w] [E H]]. simpl in E. subst w.
  apply filter_In in H as [H Eu]. simpl in Eu. apply Qeq_bool_iff in Eu.
  apply In_nth with (d := (0, 0)) in H as [a [Ha E]]. rewrite combine_length in Ha.
  rewrite combine_nth in E by congruence. injection E as E1 E2. exists a.
  split; [lia|]. split; [now rewrite E1|assumption].
Qed.

Lemma where_some (extreme : list Q -> Q) (m l : list Q) :
  length l = length m -> In (extreme m) m -> where_extreme extreme m l <> [].
Proof.
  intros L H E. apply In_nth with (d := 0) in H as [a [Ha Ea]].
  assert (I : In (nth a l 0) (where_extreme extreme m l)).
  { unfold where_extreme. apply in_map_iff. exists (nth a m 0, nth a l 0). split; [reflexivity|].
    apply filter_In. split.
    - rewrite <- combine_nth by congruence. apply nth_In. rewrite combine_length. lia.
    - simpl. apply Qeq_bool_iff. now rewrite Ea. }
  rewrite E in I. destruct I.
Qed.

Lemma minus_length (l m : list Q) : length l = length m -> length (minus l m) = length m.
Proof. intros L. unfold minus. rewrite map_length, combine_length. lia. Qed.

Lemma deltas_say (sign : Z) (extreme pick : list Q -> Q) :
  (forall l, l <> [] -> In (pick l) l) ->
  In (extreme s) s ->
  (forall a, (a < length s)%nat -> nth a s 0 == extreme s ->
     forall j, 0 <= inject_Z sign * (nth a s 0 - nth j s 0) \/ (length s <= j)%nat) ->
  says x c Any (deltas sign fs ft) (pick (where_extreme extreme s (minus t s))).
Proof.
  intros Hpick Hin Hsign. pose proof (shown_length fs s Hs) as E.
  assert (L : length (minus t s) = length s) by (apply minus_length; assumption).
  pose proof (Hpick _ (where_some extreme s (minus t s) L Hin)) as H.
  apply in_where in H as [a [Ha [Ea Ey]]]; [|assumption].
  repeat split; try discriminate.
  - intros i Hi. apply in_deltas in Hi as [b [_ ->]]. reflexivity.
  - eexists. split; [apply in_deltas; exists a; split; [lia|reflexivity]|]. split.
    + unfold counts. simpl. apply Forall_forall. intros f Hf. apply in_flat_map in Hf as [j [Hj Hf]].
      destruct (a =? j)%nat; [destruct Hf|]. destruct Hf as [<-|[]].
      rewrite value_times, (minus_nth fs fs s s a j Hs Hs). apply in_seq in Hj.
      destruct (Hsign a Ha Ea j) as [G|G]; [|lia]. nra.
    + unfold weight_of. simpl. rewrite (minus_nth ft fs t s a a Ht Hs), one, <- Ey.
      rewrite (nth_minus t s a Hlen). ring.
Qed.

Lemma observe_says (f : figure) (h : how) (items : list item) (m : moment) (before : list moment) :
  of_simulation m = s -> of_theory m = t -> observe W scale p fs ft f = Some (h, items) ->
  says x c h items (measure p (m :: before) f).
Proof.
  intros Es Et O. unfold measure. rewrite Es, Et.
  assert (Lt : (2 <= length t)%nat) by (rewrite Hlen; assumption).
  destruct (largest_spec s (some_of s Htwo)) as [M1 M2].
  destruct (smallest_spec s (some_of s Htwo)) as [M3 M4].
  destruct f; try discriminate O; injection O as <- <-.
  - apply number_says.
  - apply number_says.
  - now apply largest_says.
  - now apply smallest_says.
  - now apply spread_says.
  - now apply largest_says.
  - now apply smallest_says.
  - now apply spread_says.
  - apply (deltas_say 1 largest largest); [apply largest_spec|assumption|].
    intros a Ha Ea j. destruct (Nat.lt_ge_cases j (length s)); [left|now right].
    assert (nth j s 0 <= largest s) by (apply M2, nth_In; lia).
    change (inject_Z 1) with 1. lra.
  - apply (deltas_say (-1) smallest smallest); [apply smallest_spec|assumption|].
    intros a Ha Ea j. destruct (Nat.lt_ge_cases j (length s)); [left|now right].
    assert (smallest s <= nth j s 0) by (apply M4, nth_In; lia).
    change (inject_Z (-1)) with (-(1)). lra.
Qed.

Lemma cells_of_sound (q : figure * comparison * figure) (ds : list cell) m before :
  of_simulation m = s -> of_theory m = t ->
  cells_of W scale p fs ft q = Some ds -> compare p (m :: before) q ->
  exists d, In d ds /\ in_cell x d.
Proof.
  intros Es Et D H. destruct q as [[f how] g]. simpl in D.
  destruct (observe W scale p fs ft f) as [[hf lf]|] eqn:Of; [|discriminate].
  destruct (observe W scale p fs ft g) as [[hg lg]|] eqn:Og; [|discriminate].
  apply (observe_says f hf lf m before Es Et) in Of.
  apply (observe_says g hg lg m before Es Et) in Og.
  cbn [compare] in H. destruct how; try discriminate D; injection D as <-.
  - now apply (alternatives_sound x c Hc true (hf, lf) (hg, lg) _ _ Of Og).
  - now apply (alternatives_sound x c Hc false (hf, lf) (hg, lg) _ _ Of Og).
  - now apply (alternatives_sound x c Hc false (hg, lg) (hf, lf) _ _ Og Of).
  - now apply (alternatives_sound x c Hc true (hg, lg) (hf, lf) _ _ Og Of).
Qed.

Lemma cells_sound cs found ds m before :
  of_simulation m = s -> of_theory m = t ->
  cells W scale p fs ft found cs = Some ds -> all_compare p (m :: before) cs ->
  (exists d, In d found /\ in_cell x d) -> exists d, In d ds /\ in_cell x d.
Proof.
  intros Es Et. revert found. induction cs as [|q cs IH]; intros found D H F; simpl in D.
  - now injection D as <-.
  - destruct (cells_of W scale p fs ft q) as [more|] eqn:Q; [|discriminate].
    pose proof (Forall_inv H) as Hq. pose proof (Forall_inv_tail H) as Hcs. apply (IH _ D Hcs).
    destruct (cells_of_sound q more m before Es Et Q Hq) as [b [Hb [Hb1 Hb2]]].
    destruct F as [a [Ha [Ha1 Ha2]]]. exists (fst a ++ fst b, snd a ++ snd b). split.
    + apply in_flat_map. exists a. split; [assumption|]. apply in_map_iff. eauto.
    + split; simpl; apply Forall_app; now split.
Qed.

End Observed.
